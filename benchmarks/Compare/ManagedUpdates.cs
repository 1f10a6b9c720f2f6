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

/// <summary>Measures the overhead of <c>ApplyGradients</c> over many small leaves.</summary>
internal static class ManagedUpdates
{
    internal static double ApplyGradients(int leaves, int size, int repeats, Update update)
    {
        TreeDictionary parameters = Leaves(leaves, size), gradients = Leaves(leaves, size);
        Optimizer optimizer = update == Update.Custom
            ? new CustomAdam(1e-3)
            : new Adam(1e-3) { GroupSmallParameters = update == Update.Grouped };
        optimizer.Init(parameters);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> apply = update == Update.Compiled
            ? optimizer.Compile()
            : optimizer.ApplyGradients;
        Mx.Eval(parameters, gradients, optimizer.State);
        if (update == Update.Compiled)
        {
            // A program traces and compiles only once.
            TreeDictionary traced = apply(gradients, parameters);
            Mx.Eval(traced, optimizer.State);
            traced.DisposeArrays();
        }

        // Garbage of the preparation isn't part of an update.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        bool evaluate = update is not (Update.Build or Update.Custom);
        double elapsed = 0;
        TreeDictionary current = parameters;
        for (int k = 0; k < repeats; k++)
        {
            long start = Stopwatch.GetTimestamp();
            TreeDictionary next = apply(gradients, current);
            current.DisposeArrays();
            current = next;
            elapsed += evaluate ? 0 : Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            Mx.Eval(current, optimizer.State);
            elapsed += evaluate ? Stopwatch.GetElapsedTime(start).TotalNanoseconds : 0;
        }

        current.DisposeArrays();
        gradients.DisposeArrays();
        optimizer.State.DisposeArrays();
        return elapsed;
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
