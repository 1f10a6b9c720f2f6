using System.Diagnostics;
using System.Globalization;
using DotMlx.Optimizers;

namespace DotMlx.Compare;

/// <summary><c>ApplyGradients</c> over many small leaves: what an update costs beside the arithmetic.</summary>
internal static class ManagedUpdates
{
    internal static double ApplyGradients(int leaves, int size, int repeats, bool evaluate)
    {
        TreeDictionary parameters = Leaves(leaves, size), gradients = Leaves(leaves, size);
        var optimizer = new Adam(1e-3f);
        optimizer.Init(parameters);
        Mx.Eval(parameters, gradients, optimizer.State);
        double elapsed = 0;
        Tree current = parameters;
        for (int k = 0; k < repeats; k++)
        {
            long start = Stopwatch.GetTimestamp();
            Tree next = optimizer.ApplyGradients(gradients, current);
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
