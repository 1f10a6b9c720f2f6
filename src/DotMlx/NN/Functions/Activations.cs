namespace DotMlx.NN;

/// <summary>
/// The activation functions of <c>mlx.nn</c>. They apply element by element unless an axis is given. The result has the shape and the
/// floating-point dtype of the input unless stated otherwise.
/// </summary>
public static class Activations
{
    private static readonly double SqrtOfTwo = Math.Sqrt(2);
    private static readonly double SqrtOfTwoOverPi = Math.Sqrt(2 / Math.PI);

    /// <summary>1 / (1 + exp(-x)) (<c>nn.sigmoid</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Sigmoid(MlxArray x) => Mx.Sigmoid(x);

    /// <summary>max(x, 0) (<c>nn.relu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Relu(MlxArray x) => Mx.Maximum(x, 0);

    /// <summary>max(x, 0) squared (<c>nn.relu2</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Relu2(MlxArray x)
    {
        using MlxArray positive = Mx.Maximum(x, 0);
        return Mx.Square(positive);
    }

    /// <summary>min(max(x, 0), 6) (<c>nn.relu6</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Relu6(MlxArray x)
    {
        using MlxArray positive = Mx.Maximum(x, 0);
        return Mx.Minimum(positive, 6);
    }

    /// <summary>max(negativeSlope * x, x) (<c>nn.leaky_relu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="negativeSlope">The slope for negative inputs.</param>
    public static MlxArray LeakyRelu(MlxArray x, double negativeSlope = 0.01)
    {
        using MlxArray sloped = Mx.Multiply(x, negativeSlope);
        return Mx.Maximum(sloped, x);
    }

    /// <summary>The logarithm of <see cref="Softmax"/>, accurate even for large inputs (<c>nn.log_softmax</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="axis">The axis, negative from the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    public static MlxArray LogSoftmax(MlxArray x, int axis = -1)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray shifted = x - Mx.StopGradient(Mx.Max(x, axis, keepdims: true));
        return scope.Keep(shifted - Mx.LogSumExp(shifted, axis, keepdims: true));
    }

    /// <summary>x where x &gt; 0, else alpha * (exp(x) - 1) (<c>nn.elu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="alpha">The negative of the limit for large negative inputs.</param>
    public static MlxArray Elu(MlxArray x, double alpha = 1.0)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Mx.Where(Mx.Greater(x, 0), x, (Mx.Exp(x) - 1) * alpha));
    }

    /// <summary>exp(x) / sum(exp(x)) along an axis (<c>nn.softmax</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="axis">The axis, negative from the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    public static MlxArray Softmax(MlxArray x, int axis = -1) => Mx.Softmax(x, axis);

    /// <summary>log(1 + exp(x)) (<c>nn.softplus</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Softplus(MlxArray x) => Mx.LogAddExp(x, 0);

    /// <summary>x / (1 + |x|) (<c>nn.softsign</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Softsign(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(x / (1 + Mx.Abs(x)));
    }

    /// <summary>x - sign(x) * lambd where |x| &gt; lambd, else 0 (<c>nn.softshrink</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="lambd">The threshold.</param>
    public static MlxArray Softshrink(MlxArray x, double lambd = 0.5)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Mx.Where(Mx.Greater(Mx.Abs(x), lambd), x - (Mx.Sign(x) * lambd), 0));
    }

    /// <summary>max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1) (<c>nn.celu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="alpha">The negative of the limit for large negative inputs.</param>
    public static MlxArray Celu(MlxArray x, double alpha = 1.0)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Mx.Maximum(x, 0) + (alpha * (Mx.Exp(Mx.Minimum(x, 0) / alpha) - 1)));
    }

    /// <summary>x * sigmoid(x), also called swish (<c>nn.silu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Silu(MlxArray x)
    {
        using MlxArray gate = Mx.Sigmoid(x);
        return Mx.Multiply(x, gate);
    }

    /// <summary>log(sigmoid(x)) (<c>nn.log_sigmoid</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray LogSigmoid(MlxArray x)
    {
        using MlxArray negative = Mx.Negative(x);
        using MlxArray softplus = Softplus(negative);
        return Mx.Negative(softplus);
    }

    /// <summary>x times the standard normal cumulative distribution function of x (<c>nn.gelu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Gelu(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(x * (1 + Mx.Erf(x / SqrtOfTwo)) / 2);
    }

    /// <summary>The tanh approximation of <see cref="Gelu"/> (<c>nn.gelu_approx</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray GeluApprox(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray inner = SqrtOfTwoOverPi * (x + (0.044715 * Mx.Power(x, 3)));
        return scope.Keep(0.5 * x * (1 + Mx.Tanh(inner)));
    }

    /// <summary>x * sigmoid(1.702 x), the fast approximation of <see cref="Gelu"/> (<c>nn.gelu_fast_approx</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray GeluFastApprox(MlxArray x)
    {
        using MlxArray scaled = Mx.Multiply(x, 1.702);
        using MlxArray gate = Mx.Sigmoid(scaled);
        return Mx.Multiply(x, gate);
    }

    /// <summary>The first half along an axis times the sigmoid of the second half (<c>nn.glu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="axis">The axis to split in half, negative from the end.</param>
    /// <exception cref="MlxException">The size of the axis is odd.</exception>
    /// <returns>An array whose axis has half the size.</returns>
    public static MlxArray Glu(MlxArray x, int axis = -1)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray[] halves = Mx.Split(x, 2, axis);
        return scope.Keep(halves[0] * Mx.Sigmoid(halves[1]));
    }

    /// <summary>1 where x &gt;= threshold, else 0, as int32 (<c>nn.step</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="threshold">The threshold of the step.</param>
    public static MlxArray Step(MlxArray x, double threshold = 0.0)
    {
        using MlxArray above = Mx.GreaterEqual(x, threshold);
        return Mx.AsType(above, DType.Int32);
    }

    /// <summary>The self-normalizing <see cref="Elu"/> (<c>nn.selu</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Selu(MlxArray x)
    {
        using MlxArray elu = Elu(x, 1.67326);
        return Mx.Multiply(elu, 1.0507);
    }

    /// <summary>max(x, 0) + alpha * min(x, 0) with a learned alpha (<c>nn.prelu</c>).</summary>
    /// <param name="x">The input.</param>
    /// <param name="alpha">The slopes; broadcasts to <paramref name="x"/>.</param>
    public static MlxArray Prelu(MlxArray x, MlxArray alpha)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Mx.Maximum(0, x) + (alpha * Mx.Minimum(0, x)));
    }

    /// <summary>x * tanh(softplus(x)) (<c>nn.mish</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Mish(MlxArray x)
    {
        using MlxArray softplus = Softplus(x);
        using MlxArray gate = Mx.Tanh(softplus);
        return Mx.Multiply(x, gate);
    }

    /// <summary>x * min(max(x + 3, 0), 6) / 6 (<c>nn.hardswish</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray HardSwish(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(x * Mx.Minimum(Mx.Maximum(x + 3, 0), 6) / 6);
    }

    /// <summary>min(max(x, minVal), maxVal) (<c>nn.hard_tanh</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="minVal">The lower bound.</param>
    /// <param name="maxVal">The upper bound.</param>
    public static MlxArray HardTanh(MlxArray x, double minVal = -1.0, double maxVal = 1.0)
    {
        using MlxArray bounded = Mx.Maximum(x, minVal);
        return Mx.Minimum(bounded, maxVal);
    }

    /// <summary>x where |x| &gt; lambd, else 0 (<c>nn.hard_shrink</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="lambd">The threshold.</param>
    public static MlxArray HardShrink(MlxArray x, double lambd = 0.5)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Mx.Where(Mx.Greater(Mx.Abs(x), lambd), x, 0));
    }

    /// <summary>The softmax of -x (<c>nn.softmin</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    /// <param name="axis">The axis, negative from the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    public static MlxArray Softmin(MlxArray x, int axis = -1)
    {
        using MlxArray negative = Mx.Negative(x);
        return Mx.Softmax(negative, axis);
    }

    /// <summary>The hyperbolic tangent (<c>nn.tanh</c>).</summary>
    /// <param name="x">The input, of any shape.</param>
    public static MlxArray Tanh(MlxArray x) => Mx.Tanh(x);
}
