namespace DotMlx.NN;

/// <summary>The loss functions of <c>mlx.nn.losses</c>, with Python's defaults.</summary>
public static class Losses
{
    /// <summary>
    /// Cross entropy (<c>losses.cross_entropy</c>). The largest logit is subtracted first, so large logits don't overflow.
    /// </summary>
    /// <param name="logits">Unnormalized floating-point logits.</param>
    /// <param name="targets">
    /// Class indices, with the shape of the logits without <paramref name="axis"/>, or probabilities with the shape of the logits.
    /// </param>
    /// <param name="weights">Weights of the individual losses, with the same shape as the losses.</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="labelSmoothing">
    /// The amount of label smoothing, in [0, 1): the fraction of each target that is distributed over all classes.
    /// </param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes don't match; the message names both.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The label smoothing is outside [0, 1).</exception>
    public static MlxArray CrossEntropy(
        MlxArray logits, MlxArray targets, MlxArray? weights = null, int axis = -1, double labelSmoothing = 0.0,
        Reduction reduction = Reduction.None)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        if (labelSmoothing is not (>= 0.0 and < 1.0))
        {
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), labelSmoothing, "Label smoothing must be in [0, 1).");
        }
        using MlxScope scope = MlxScope.Begin();
        bool probabilities = targets.NDim == logits.NDim;
        CheckTargets(logits, targets, axis, probabilities);
        if (!probabilities)
        {
            IndexBounds.Classes(targets, logits, axis);
        }


        MlxArray shifted = logits - Mx.StopGradient(Mx.Max(logits, axis, keepdims: true));
        MlxArray score = probabilities ? Mx.Sum(shifted * targets, axis) : Pick(shifted, targets, axis);
        MlxArray total = Mx.LogSumExp(shifted, axis);
        MlxArray loss = labelSmoothing > 0.0
            ? total - (score * (1.0 - labelSmoothing)) - (Mx.Mean(shifted, axis) * labelSmoothing)
            : total - score;
        return scope.Keep(Reduce(Weigh(loss, weights), reduction));
    }

    /// <summary>Binary cross entropy (<c>losses.binary_cross_entropy</c>).</summary>
    /// <param name="inputs">Logits, or probabilities if <paramref name="withLogits"/> is false.</param>
    /// <param name="targets">Targets between 0 and 1, of the same shape.</param>
    /// <param name="weights">Weights of the individual losses, with the same shape as the losses.</param>
    /// <param name="withLogits">Whether the inputs are logits. Logarithms of probabilities are clamped at -100.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray BinaryCrossEntropy(
        MlxArray inputs, MlxArray targets, MlxArray? weights = null, bool withLogits = true, Reduction reduction = Reduction.Mean)
    {
        CheckSameShape(inputs, targets, nameof(inputs), nameof(targets));
        using MlxScope scope = MlxScope.Begin();
        MlxArray loss;
        if (withLogits)
        {
            loss = Mx.LogAddExp(0, inputs) - (inputs * targets);
        }
        else
        {
            MlxArray yes = Mx.Maximum(Mx.Log(inputs), -100);
            MlxArray no = Mx.Maximum(Mx.Log(1 - inputs), -100);
            loss = -((targets * yes) + ((1 - targets) * no));
        }
        return scope.Keep(Reduce(Weigh(loss, weights), reduction));
    }

    /// <summary>The absolute difference (<c>losses.l1_loss</c>).</summary>
    /// <param name="predictions">Predictions.</param>
    /// <param name="targets">Targets of the same shape.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray L1Loss(MlxArray predictions, MlxArray targets, Reduction reduction = Reduction.Mean)
    {
        CheckSameShape(predictions, targets, nameof(predictions), nameof(targets));
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(Mx.Abs(predictions - targets), reduction));
    }

    /// <summary>The squared difference (<c>losses.mse_loss</c>).</summary>
    /// <param name="predictions">Predictions.</param>
    /// <param name="targets">Targets of the same shape.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray MseLoss(MlxArray predictions, MlxArray targets, Reduction reduction = Reduction.Mean)
    {
        CheckSameShape(predictions, targets, nameof(predictions), nameof(targets));
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(Mx.Square(predictions - targets), reduction));
    }

    /// <summary>The negative log likelihood (<c>losses.nll_loss</c>).</summary>
    /// <param name="inputs">Logarithms of probabilities.</param>
    /// <param name="targets">Class indices, with the shape of the inputs without <paramref name="axis"/>.</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray NllLoss(MlxArray inputs, MlxArray targets, int axis = -1, Reduction reduction = Reduction.None)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        IndexBounds.Classes(targets, inputs, axis);
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(-Pick(inputs, targets, axis), reduction));
    }

    /// <summary>The negative log likelihood of a normal distribution (<c>losses.gaussian_nll_loss</c>).</summary>
    /// <param name="inputs">The predicted means.</param>
    /// <param name="targets">The samples, of the same shape.</param>
    /// <param name="vars">The variances, of the same shape.</param>
    /// <param name="full">Whether to include the constant term.</param>
    /// <param name="eps">The lower bound of the variances.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray GaussianNllLoss(
        MlxArray inputs, MlxArray targets, MlxArray vars, bool full = false, double eps = 1e-6, Reduction reduction = Reduction.Mean)
    {
        CheckSameShape(inputs, targets, nameof(inputs), nameof(targets));
        CheckSameShape(inputs, vars, nameof(inputs), nameof(vars));
        using MlxScope scope = MlxScope.Begin();
        MlxArray variance = Mx.Maximum(vars, eps);
        MlxArray loss = 0.5 * (Mx.Log(variance) + (Mx.Square(targets - inputs) / variance));
        return scope.Keep(Reduce(full ? loss + (0.5 * Math.Log(2 * Math.PI)) : loss, reduction));
    }

    /// <summary>The Kullback-Leibler divergence, the sum of exp(t) (t - x) (<c>losses.kl_div_loss</c>).</summary>
    /// <param name="inputs">Logarithms of the predicted probabilities.</param>
    /// <param name="targets">Logarithms of the target probabilities.</param>
    /// <param name="axis">The axis of the distribution.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray KlDivLoss(MlxArray inputs, MlxArray targets, int axis = -1, Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(Mx.Sum(Mx.Exp(targets) * (targets - inputs), axis), reduction));
    }

    /// <summary>Quadratic below <paramref name="beta"/> and linear above (<c>losses.smooth_l1_loss</c>).</summary>
    /// <param name="predictions">Predictions.</param>
    /// <param name="targets">Targets of the same shape.</param>
    /// <param name="beta">The error at which the loss changes from quadratic to linear.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray SmoothL1Loss(MlxArray predictions, MlxArray targets, double beta = 1.0, Reduction reduction = Reduction.Mean)
    {
        CheckSameShape(predictions, targets, nameof(predictions), nameof(targets));
        using MlxScope scope = MlxScope.Begin();
        MlxArray distance = Mx.Abs(predictions - targets);
        MlxArray loss = Mx.Where(Mx.Less(distance, beta), 0.5 * Mx.Square(distance) / beta, distance - (0.5 * beta));
        return scope.Keep(Reduce(loss, reduction));
    }

    /// <summary>The triplet loss, max(d(anchor, positive) - d(anchor, negative) + margin, 0) (<c>losses.triplet_loss</c>).</summary>
    /// <param name="anchors">Anchors.</param>
    /// <param name="positives">Samples that should be close to the anchors.</param>
    /// <param name="negatives">Samples that should be far from the anchors.</param>
    /// <param name="axis">The axis of the features.</param>
    /// <param name="p">The order of the norm: (sum |d|^p + eps)^(1/p).</param>
    /// <param name="margin">The margin beyond which the loss is 0.</param>
    /// <param name="eps">The term added under the root.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray TripletLoss(
        MlxArray anchors, MlxArray positives, MlxArray negatives, int axis = -1, int p = 2, double margin = 1.0, double eps = 1e-6,
        Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray Distance(MlxArray others) =>
            Mx.Power(Mx.Sum(Mx.Power(Mx.Abs(anchors - others), p), axis) + eps, 1.0 / p);
        return scope.Keep(Reduce(Mx.Maximum(Distance(positives) - Distance(negatives) + margin, 0), reduction));
    }

    /// <summary>max(1 - inputs * targets, 0) (<c>losses.hinge_loss</c>).</summary>
    /// <param name="inputs">Predictions.</param>
    /// <param name="targets">-1 or 1.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray HingeLoss(MlxArray inputs, MlxArray targets, Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(Mx.Maximum(1 - (inputs * targets), 0), reduction));
    }

    /// <summary>Quadratic for errors up to <paramref name="delta"/> and linear beyond (<c>losses.huber_loss</c>).</summary>
    /// <param name="inputs">Predictions.</param>
    /// <param name="targets">Targets.</param>
    /// <param name="delta">The error at which the loss changes from quadratic to linear.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray HuberLoss(MlxArray inputs, MlxArray targets, double delta = 1.0, Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray distance = Mx.Abs(inputs - targets);
        MlxArray quadratic = Mx.Minimum(distance, delta);
        return scope.Keep(Reduce((0.5 * Mx.Square(quadratic)) + (delta * (distance - quadratic)), reduction));
    }

    /// <summary>The logarithm of the hyperbolic cosine of the error (<c>losses.log_cosh_loss</c>).</summary>
    /// <param name="inputs">Predictions.</param>
    /// <param name="targets">Targets.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray LogCoshLoss(MlxArray inputs, MlxArray targets, Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray errors = inputs - targets;
        return scope.Keep(Reduce(Mx.LogAddExp(errors, -errors) - Math.Log(2), reduction));
    }

    /// <summary>The cosine of the angle between two arrays (<c>losses.cosine_similarity_loss</c>).</summary>
    /// <param name="x1">The first array.</param>
    /// <param name="x2">The second array.</param>
    /// <param name="axis">The axis of the features; 1 as in Python.</param>
    /// <param name="eps">The lower bound of the product of lengths in the denominator.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    public static MlxArray CosineSimilarityLoss(
        MlxArray x1, MlxArray x2, int axis = 1, double eps = 1e-8, Reduction reduction = Reduction.None)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray Length(MlxArray x) => Mx.Sqrt(Mx.Sum(Mx.Square(x), axis));
        return scope.Keep(Reduce(Mx.Sum(x1 * x2, axis) / Mx.Maximum(Length(x1) * Length(x2), eps), reduction));
    }

    /// <summary>max(-t (x1 - x2) + margin, 0) (<c>losses.margin_ranking_loss</c>).</summary>
    /// <param name="inputs1">Scores.</param>
    /// <param name="inputs2">Scores of the same shape.</param>
    /// <param name="targets">1 if the first score should be larger, otherwise -1; of the same shape.</param>
    /// <param name="margin">The margin beyond which the loss is 0.</param>
    /// <param name="reduction">How to combine the individual losses.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static MlxArray MarginRankingLoss(
        MlxArray inputs1, MlxArray inputs2, MlxArray targets, double margin = 0.0, Reduction reduction = Reduction.None)
    {
        CheckSameShape(inputs1, inputs2, nameof(inputs1), nameof(inputs2));
        CheckSameShape(inputs1, targets, nameof(inputs1), nameof(targets));
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Reduce(Mx.Maximum(0, (-targets * (inputs1 - inputs2)) + margin), reduction));
    }

    private static MlxArray Pick(MlxArray values, MlxArray indices, int axis) =>
        Mx.Squeeze(Mx.TakeAlongAxis(values, Mx.ExpandDims(indices, axis), axis), axis);

    private static MlxArray Weigh(MlxArray loss, MlxArray? weights)
    {
        if (weights is null)
        {
            return loss;
        }
        if (!weights.Shape.SequenceEqual(loss.Shape))
        {
            throw new ArgumentException(
                $"The weights have the shape {ModuleUpdate.Shape(weights)}; expected one per loss, {ModuleUpdate.Shape(loss)}.",
                nameof(weights));
        }
        return loss * weights;
    }

    private static MlxArray Reduce(MlxArray loss, Reduction reduction) => reduction switch
    {
        Reduction.None => loss,
        Reduction.Mean => Mx.Mean(loss),
        Reduction.Sum => Mx.Sum(loss),
        _ => throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "Use Reduction.None, Mean, or Sum."),
    };

    private static void CheckTargets(MlxArray logits, MlxArray targets, int axis, bool probabilities)
    {
        int[] expected = logits.Shape.ToArray();
        if (!probabilities)
        {
            int position = axis < 0 ? axis + expected.Length : axis;
            if (position < 0 || position >= expected.Length)
            {
                throw new ArgumentOutOfRangeException(nameof(axis), axis, $"The logits have {expected.Length} dimensions.");
            }
            expected = [.. expected[..position], .. expected[(position + 1)..]];
        }
        if (!targets.Shape.SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"The targets have the shape {ModuleUpdate.Shape(targets)}, but the logits have {ModuleUpdate.Shape(logits)}; expected "
                + (probabilities ? "probabilities of the logits' shape." : $"class indices of the logits' shape without axis {axis}."),
                nameof(targets));
        }
    }

    private static void CheckSameShape(MlxArray first, MlxArray second, string firstName, string secondName)
    {
        ArgumentNullException.ThrowIfNull(first, firstName);
        ArgumentNullException.ThrowIfNull(second, secondName);
        if (!first.Shape.SequenceEqual(second.Shape))
        {
            throw new ArgumentException(
                $"'{firstName}' has the shape {ModuleUpdate.Shape(first)}, but "
                + $"'{secondName}' has {ModuleUpdate.Shape(second)}; the shapes must be equal.", secondName);
        }
    }
}
