using System.Diagnostics;
using System.Globalization;
using DotMlx.Optimizers;

namespace DotMlx.Compare;

/// <summary>The form of an update, and the part that is timed.</summary>
internal enum Update
{
    Build,
    Evaluate,
    Compiled,
    Grouped,

    /// <summary>Like <see cref="Build"/>, with the optimizer of the guide.</summary>
    Custom,
}

/// <summary>
/// Measures the overhead of <c>ApplyGradients</c> over many small leaves. Parameters and optimizer live as long as this object, as in a
/// training program.
/// </summary>
internal sealed class ManagedUpdates : IDisposable
{
    private readonly Update _update;
    private readonly Optimizer _optimizer;
    private readonly Func<TreeDictionary, TreeDictionary, TreeDictionary> _apply;
    private readonly TreeDictionary _gradients;
    private TreeDictionary _parameters;

    internal ManagedUpdates(int leaves, int size, Update update)
    {
        _update = update;
        _parameters = Leaves(leaves, size);
        _gradients = Leaves(leaves, size);
        _optimizer = update == Update.Custom
            ? new CustomAdam(1e-3)
            : new Adam(1e-3) { GroupSmallParameters = update == Update.Grouped };
        _optimizer.Init(_parameters);
        _apply = update == Update.Compiled ? _optimizer.Compile() : _optimizer.ApplyGradients;
        Mx.Eval(_parameters, _gradients, _optimizer.State);
    }

    /// <summary>Returns the nanoseconds of some updates. The first update, which finds no memory in the caches, isn't timed.</summary>
    internal double ApplyGradients(int repeats)
    {
        bool evaluate = _update is not (Update.Build or Update.Custom);
        double elapsed = 0;
        for (int k = -1; k < repeats; k++)
        {
            long start = Stopwatch.GetTimestamp();
            TreeDictionary next = _apply(_gradients, _parameters);
            _parameters.DisposeArrays();
            _parameters = next;
            double built = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            Mx.Eval(_parameters, _optimizer.State);
            elapsed += k < 0 ? 0 : evaluate ? Stopwatch.GetElapsedTime(start).TotalNanoseconds : built;
        }

        return elapsed;
    }

    public void Dispose()
    {
        _parameters.DisposeArrays();
        _gradients.DisposeArrays();
        _optimizer.State.DisposeArrays();
    }

    private static TreeDictionary Leaves(int leaves, int size)
    {
        TreeDictionary tree = [];
        for (int i = 0; i < leaves; i++)
        {
            tree[string.Create(CultureInfo.InvariantCulture, $"w{i:D4}")] = Mx.Full([size], 0.5f);
        }

        return tree;
    }

    /// <summary>Adam as docs/custom-optimizers.md writes it.</summary>
    private sealed class CustomAdam : Optimizer
    {
        public CustomAdam(double learningRate) => SetHyperparameter("learning_rate", learningRate);

        protected override void InitSingle(MlxArray parameter, TreeDictionary state)
        {
            state["m"] = Mx.ZerosLike(parameter);
            state["v"] = Mx.ZerosLike(parameter);
        }

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            MlxArray m = (0.9 * state["m"].Array) + ((1 - 0.9) * gradient);
            MlxArray v = (0.999 * state["v"].Array) + ((1 - 0.999) * Mx.Square(gradient));
            state["m"] = m;
            state["v"] = v;
            return parameter - (Rate(gradient) * m / (Mx.Sqrt(v) + 1e-8));
        }
    }
}
