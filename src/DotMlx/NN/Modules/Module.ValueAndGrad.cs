namespace DotMlx.NN;

public abstract partial class Module
{
    private const int ShownNames = 8;

    /// <summary>Computes a loss and its gradients with respect to the trainable parameters (<c>nn.value_and_grad</c>).</summary>
    /// <remarks>
    /// Arrays that the loss stores in the module, such as running statistics, remain; all others are restored. If the loss throws, the
    /// module returns to its previous state. Other threads see the previous state of the module until the gradients are available.
    /// </remarks>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <returns>A function that returns the loss and the gradients, a tree like <see cref="TrainableParameters"/>.</returns>
    /// <exception cref="InvalidOperationException">
    /// When called: the module has no trainable parameters. The message lists the frozen ones.
    /// </exception>
    public Func<(MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return () => Differentiate(loss);
    }

    /// <summary>Computes a loss of one array and its gradients with respect to the trainable parameters.</summary>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray, MlxArray> loss) =>
        ValueAndGrad<MlxArray>(loss);

    /// <summary>Computes a loss of two arrays and its gradients with respect to the trainable parameters.</summary>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray, MlxArray, MlxArray> loss) =>
        ValueAndGrad<MlxArray, MlxArray>(loss);

    /// <summary>Computes a loss of one argument and its gradients with respect to the trainable parameters.</summary>
    /// <typeparam name="T">Any type, such as a batch.</typeparam>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<T, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad<T>(Func<T, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return x => Differentiate(() => loss(x));
    }

    /// <summary>Computes a loss of two arguments and its gradients with respect to the trainable parameters.</summary>
    /// <typeparam name="T1">Any type.</typeparam>
    /// <typeparam name="T2">Any type.</typeparam>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<T1, T2, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad<T1, T2>(Func<T1, T2, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y) => Differentiate(() => loss(x, y));
    }

    /// <summary>Computes a loss of three arguments and its gradients with respect to the trainable parameters.</summary>
    /// <typeparam name="T1">Any type.</typeparam>
    /// <typeparam name="T2">Any type.</typeparam>
    /// <typeparam name="T3">Any type.</typeparam>
    /// <param name="loss">A function that uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<T1, T2, T3, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad<T1, T2, T3>(Func<T1, T2, T3, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y, z) => Differentiate(() => loss(x, y, z));
    }

    /// <summary>
    /// Computes a loss, an auxiliary output, and the gradients with respect to the trainable parameters. Python's <c>((loss, aux),
    /// grads)</c> is <c>(loss, aux, grads)</c> here.
    /// </summary>
    /// <typeparam name="TAux">Any type. Arrays that the loss creates remain valid.</typeparam>
    /// <param name="loss">
    /// A function that uses this module and returns a scalar and the auxiliary output, which isn't differentiated.
    /// </param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<(MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(Func<(MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return () => Differentiate(loss);
    }

    /// <summary>Computes a loss of one argument, an auxiliary output, and the gradients.</summary>
    /// <typeparam name="T">Any type, such as a batch.</typeparam>
    /// <typeparam name="TAux">Any type. Arrays that the loss creates remain valid.</typeparam>
    /// <param name="loss">
    /// A function that uses this module and returns a scalar and the auxiliary output, which isn't differentiated.
    /// </param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<T, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<T,
        TAux>(Func<T, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return x => Differentiate(() => loss(x));
    }

    /// <summary>Computes a loss of two arguments, an auxiliary output, and the gradients.</summary>
    /// <typeparam name="T1">Any type.</typeparam>
    /// <typeparam name="T2">Any type.</typeparam>
    /// <typeparam name="TAux">Any type. Arrays that the loss creates remain valid.</typeparam>
    /// <param name="loss">
    /// A function that uses this module and returns a scalar and the auxiliary output, which isn't differentiated.
    /// </param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<T1, T2, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<T1, T2, TAux>(
        Func<T1, T2, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y) => Differentiate(() => loss(x, y));
    }

    private (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients) Differentiate<TAux>(Func<(MlxArray Loss, TAux Auxiliary)> loss)
    {
        TAux auxiliary = default!;
        (MlxArray value, TreeDictionary gradients) = Differentiate(() =>
        {
            (MlxArray scalar, auxiliary) = loss();
            return scalar;
        });
        return (value, auxiliary, gradients);
    }

    private (MlxArray Value, TreeDictionary Gradients) Differentiate(Func<MlxArray> loss)
    {
        TreeDictionary parameters = Trainable();
        using ModuleWrites.Watch others = ModuleWrites.StartWatch();
        Tree before = CaptureState();
        try
        {
            return Mx.ValueAndGrad((TreeDictionary traced) =>
            {
                ModuleUpdate installed = ModuleUpdate.Install(this, traced);
                try
                {
                    return loss();
                }
                finally
                {
                    installed.PutBack();
                }
            })(parameters);
        }
        catch
        {
            ModuleUpdate.State(this, before, others);
            throw;
        }
    }

    private TreeDictionary Trainable()
    {
        TreeDictionary trainable = TrainableParameters();
        if (trainable.LeafCount > 0)
        {
            return trainable;
        }

        string[] names = [.. Parameters().Flatten().Select(item => item.Key)];
        string shown = string.Join(", ", names.Take(ShownNames)) + (names.Length > ShownNames ? $", … ({names.Length} in all)" : "");
        throw new InvalidOperationException($"{GetType().Name} has no trainable parameters: " + (names.Length == 0
            ? "it has no parameters at all. A C# class must be partial, so that the source generator lists its arrays and modules; "
                + "in another language, override AddMembers."
            : $"{shown} {(names.Length == 1 ? "is" : "are")} frozen "
            + $"or {(names.Length == 1 ? "a buffer" : "buffers")}. Unfreeze the parameters to train."));
    }
}
