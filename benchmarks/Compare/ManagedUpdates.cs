using System.Diagnostics;
using System.Globalization;
using DotMlx.Optimizers;

namespace DotMlx.Compare;

/// <summary>How an update is done, and what of it is timed.</summary>
internal enum Update
{
    Build,
    Evaluate,
    Compiled,
    Grouped,
}

/// <summary><c>ApplyGradients</c> over many small leaves: what an update costs beside the arithmetic.</summary>
internal static class ManagedUpdates
{
    internal static double ApplyGradients(int leaves, int size, int repeats, Update update)
    {
        TreeDictionary parameters = Leaves(leaves, size), gradients = Leaves(leaves, size);
        var optimizer = new Adam(1e-3f) { GroupSmallParameters = update == Update.Grouped };
        optimizer.Init(parameters);
        Func<Tree, Tree, Tree> apply = update == Update.Compiled ? optimizer.Compile() : optimizer.ApplyGradients;
        Mx.Eval(parameters, gradients, optimizer.State);
        if (update == Update.Compiled)
        {
            // Tracing and compiling happen once in a program's life.
            Tree traced = apply(gradients, parameters);
            Mx.Eval(traced, optimizer.State);
            traced.DisposeArrays();
        }

        bool evaluate = update != Update.Build;
        double elapsed = 0;
        Tree current = parameters;
        for (int k = 0; k < repeats; k++)
        {
            long start = Stopwatch.GetTimestamp();
            Tree next = apply(gradients, current);
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
}
