namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Creates a function from this module that stores only its inputs and outputs for the gradient and recomputes everything between them
    /// (<c>nn.utils.checkpoint</c>). It needs less memory but more time.
    /// </summary>
    /// <param name="function">A function that uses this module, usually its Forward.</param>
    /// <returns>
    /// A function with the same result that can be differentiated with respect to its argument and the trainable parameters.
    /// </returns>
    public Func<MlxArray, MlxArray> Checkpoint(Func<MlxArray, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return x => Recompute(inputs => function(inputs[0]), [x]);
    }

    /// <summary>Creates a function of two arrays that recomputes everything between its inputs and output for the gradient.</summary>
    /// <inheritdoc cref="Checkpoint(Func{MlxArray, MlxArray})"/>
    public Func<MlxArray, MlxArray, MlxArray> Checkpoint(Func<MlxArray, MlxArray, MlxArray> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return (x, y) => Recompute(inputs => function(inputs[0], inputs[1]), [x, y]);
    }

    private MlxArray Recompute(Func<MlxArray[], MlxArray> function, MlxArray[] inputs)
    {
        TreeDictionary parameters = TrainableParameters();
        MlxArray[] leaves = TreeDef.Flatten(parameters);
        MlxArray[] WithParameters(MlxArray[] arguments)
        {
            ModuleUpdate installed = ModuleUpdate.Install(this, TreeDef.Unflatten(parameters, arguments.AsSpan(0, leaves.Length)));
            try
            {
                return [function(arguments[leaves.Length..])];
            }
            finally
            {
                installed.PutBack();
            }
        }

        return Checkpointing.Apply(WithParameters, [.. leaves, .. inputs])[0];
    }
}
