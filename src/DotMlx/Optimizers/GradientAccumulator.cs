using System.Diagnostics.CodeAnalysis;

namespace DotMlx.Optimizers;

/// <summary>Adds up the gradients of several small batches for one update, as if they had been one large batch.</summary>
/// <example><code>
/// if (accumulator.Add(gradients, out Tree? mean))
/// {
///     optimizer.Update(model, mean);
/// }
/// </code></example>
public sealed class GradientAccumulator
{
    private readonly bool _average;
    private readonly DType? _dtype;
    private Tree? _sum;

    /// <summary>Collects the gradients of <paramref name="steps"/> calls.</summary>
    /// <param name="steps">The number of calls that make one update, at least 1.</param>
    /// <param name="average">Whether the result is the mean of the gradients, as for losses that are means, or their sum.</param>
    /// <param name="dtype">The dtype to add in, such as float32 for float16 gradients; by default that of the gradients.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is less than 1.</exception>
    public GradientAccumulator(int steps, bool average = true, DType? dtype = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        Steps = steps;
        _average = average;
        _dtype = dtype;
    }

    /// <summary>The number of calls that make one update.</summary>
    public int Steps { get; }

    /// <summary>The number of calls since the last result.</summary>
    public int Count { get; private set; }

    /// <summary>Adds gradients. The sum begins to be computed at once, so that the graphs of all batches do not pile up.</summary>
    /// <param name="gradients">Gradients; a leaf that not every call has counts as zero in the others. They may be disposed afterwards.</param>
    /// <param name="accumulated">On the last call of each <see cref="Steps"/>, the result, which belongs to the caller.</param>
    /// <returns>Whether there is a result.</returns>
    /// <exception cref="ArgumentException">The tree has an array where an earlier one has a container, or the other way round.</exception>
    public bool Add(Tree gradients, [NotNullWhen(true)] out Tree? accumulated)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        Arithmetic x = new();
        List<MlxArray> replaced = [];
        try
        {
            // What is not in the sum yet is copied: the sum owns its arrays.
            Tree added = Tree.Map(leaf => MlxArray.CreateUnscoped(x.Take(Cast(x.Copy(leaf)))), gradients);
            if (_sum is null)
            {
                _sum = added;
            }
            else
            {
                _sum = Tree.Merge(_sum, added, (sum, gradient) =>
                {
                    replaced.Add(sum);
                    replaced.Add(gradient);
                    return MlxArray.CreateUnscoped(x.Take(x.Use(sum) + x.Use(gradient)));
                });
            }
        }
        finally
        {
            x.Dispose();
        }

        foreach (MlxArray array in replaced)
        {
            array.Dispose();
        }

        Count++;
        if (Count == Steps)
        {
            accumulated = Take()!;
            return true;
        }

        if (!TraceLock.IsHeldByCurrentThread)
        {
            Mx.AsyncEval(_sum);
        }

        accumulated = null;
        return false;
    }

    /// <summary>
    /// The result of the calls so far, which belongs to the caller, and a new start: for the last, incomplete group of an epoch.
    /// Null when nothing was added.
    /// </summary>
    public Tree? Take()
    {
        if (_sum is not { } sum)
        {
            return null;
        }

        using Arithmetic x = new();
        Constant scale = new(1.0 / Count);
        Tree result = Tree.Map(leaf => x.Keep(_average && Count > 1 ? x.Use(leaf) * scale : x.Copy(leaf)), sum);
        Reset();
        return result;
    }

    /// <summary>Forgets what was added.</summary>
    public void Reset()
    {
        _sum?.DisposeArrays();
        _sum = null;
        Count = 0;
    }

    private Value Cast(Value gradient) => _dtype is { } dtype ? gradient.AsType(dtype) : gradient;
}
