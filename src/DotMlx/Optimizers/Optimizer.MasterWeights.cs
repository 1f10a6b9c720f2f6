namespace DotMlx.Optimizers;

public abstract partial class Optimizer
{
    private const string MasterKey = "master";

    /// <summary>
    /// Trains float16 and bfloat16 parameters with float32 masters (mixed precision): the update is computed in float32 on the master,
    /// an entry <c>master</c> of the parameter's state, and the parameter gets its rounded value. Updates too small for the few
    /// digits of the parameter are then not lost. Parameters of other dtypes are updated as ever.
    /// </summary>
    /// <remarks>
    /// A master is made from the parameter at its first update and is the truth from then on: after changing a parameter by
    /// other means, remove the entry or assign a new <see cref="State"/>.
    /// </remarks>
    /// <example><code>Optimizer optimizer = new AdamW(0.001f) { MasterWeights = true };</code></example>
    public virtual bool MasterWeights { get; set; }

    private static bool IsNarrow(DType dtype) => dtype is DType.Float16 or DType.BFloat16;

    /// <summary>The state of a parameter whose update happens in float32.</summary>
    private void InitWide(MlxArray parameter, TreeDictionary state)
    {
        using MlxArray wide = _leaf.Keep(_leaf.Use(parameter).AsType(DType.Float32));
        InitSingle(wide, state);
    }

    private MlxArray ApplyWide(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        if (state.Get(MasterKey) is not TreeLeaf)
        {
            Write(state, MasterKey, _leaf.Use(parameter).AsType(DType.Float32));
        }

        MlxArray master = ((TreeLeaf)state.Get(MasterKey)!).Peek;
        using MlxArray wide = _leaf.Keep(_leaf.Use(gradient).AsType(DType.Float32));
        MlxArray result = ApplySingle(wide, master, state);
        if (ReferenceEquals(result, master))
        {
            return parameter;
        }

        MlxArray narrow = _leaf.Keep(_leaf.Use(result).AsType(parameter.DType));
        Write(state, MasterKey, _leaf.Use(result));
        result.Dispose();
        return narrow;
    }
}
