namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Gives the value of a loss and its gradients by the trainable parameters (<c>nn.value_and_grad</c>).</summary>
    /// <remarks>
    /// Arrays that the loss itself puts into the module, such as running statistics, stay there; all others are put back. If the
    /// loss throws, the module is as it was before.
    /// </remarks>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <returns>A function that gives the loss and the gradients, a tree like <see cref="TrainableParameters"/>.</returns>
    public Func<(MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return () => Differentiate(loss);
    }

    /// <summary>Gives the value of a loss of an array and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x) => Differentiate(() => loss(x));
    }

    /// <summary>Gives the value of a loss of two arrays and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray, MlxArray, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y) => Differentiate(() => loss(x, y));
    }

    /// <summary>Gives the value of a loss of three arrays and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray, MlxArray, MlxArray, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y, z) => Differentiate(() => loss(x, y, z));
    }

    /// <summary>Gives the value of a loss of a list of arrays and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray[], (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<MlxArray[], MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (arrays) => Differentiate(() => loss(arrays));
    }

    /// <summary>Gives the value of a loss of a tree and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<Tree, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<Tree, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (tree) => Differentiate(() => loss(tree));
    }

    /// <summary>Gives the value of a loss of two trees and its gradients by the trainable parameters.</summary>
    /// <param name="loss">Uses this module and returns a scalar.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<Tree, Tree, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<Tree, Tree, MlxArray> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (tree, other) => Differentiate(() => loss(tree, other));
    }

    /// <summary>Gives the value of a loss, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<(MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(Func<(MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return () => Differentiate(loss);
    }

    /// <summary>Gives the value of a loss of an array, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x) => Differentiate(() => loss(x));
    }

    /// <summary>Gives the value of a loss of two arrays, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, MlxArray, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, MlxArray, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y) => Differentiate(() => loss(x, y));
    }

    /// <summary>Gives the value of a loss of three arrays, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray, MlxArray, MlxArray, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, MlxArray, MlxArray, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (x, y, z) => Differentiate(() => loss(x, y, z));
    }

    /// <summary>Gives the value of a loss of a list of arrays, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<MlxArray[], (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray[], (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (arrays) => Differentiate(() => loss(arrays));
    }

    /// <summary>Gives the value of a loss of a tree, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<Tree, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<Tree, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (tree) => Differentiate(() => loss(tree));
    }

    /// <summary>Gives the value of a loss of two trees, an auxiliary output and the gradients by the trainable parameters.</summary>
    /// <typeparam name="TAux">Anything; arrays made inside are valid afterwards.</typeparam>
    /// <param name="loss">Uses this module and returns a scalar and the auxiliary output, which is not differentiated.</param>
    /// <inheritdoc cref="ValueAndGrad(Func{MlxArray})"/>
    public Func<Tree, Tree, (MlxArray Value, TAux Auxiliary, TreeDictionary Gradients)> ValueAndGrad<TAux>(
        Func<Tree, Tree, (MlxArray Loss, TAux Auxiliary)> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return (tree, other) => Differentiate(() => loss(tree, other));
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
        Tree before = CaptureState();
        try
        {
            (MlxArray value, Tree gradients) = Mx.ValueAndGrad((Tree parameters) =>
            {
                ModuleUpdate installed = ModuleUpdate.Install(this, parameters);
                try
                {
                    return loss();
                }
                finally
                {
                    installed.PutBack();
                }
            })(TrainableParameters());
            return (value, (TreeDictionary)gradients);
        }
        catch
        {
            RestoreState(before);
            throw;
        }
    }
}
