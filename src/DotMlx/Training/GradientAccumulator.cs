using System.Diagnostics.CodeAnalysis;

namespace DotMlx.Optimizers;

/// <summary>Accumulates the gradients of several small batches for one update, as if they were one large batch.</summary>
/// <example><code>
/// if (accumulator.Add(gradients, out TreeDictionary? mean))
/// {
///     optimizer.Update(model, mean);
/// }
/// </code></example>
public sealed class GradientAccumulator
{
    private readonly bool _average;
    private readonly DType? _dtype;
    private TreeDictionary? _sum;

    /// <summary>Creates an accumulator for the gradients of <paramref name="steps"/> calls.</summary>
    /// <param name="steps">The number of calls that make one update, at least 1.</param>
    /// <param name="average">Whether the result is the mean of the gradients (for losses that are means) or their sum.</param>
    /// <param name="dtype">The dtype of the sum, such as float32 for float16 gradients; null for the dtype of the gradients.</param>
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

    /// <summary>Adds gradients. The sum starts to be computed immediately, so that the graphs of the batches don't accumulate.</summary>
    /// <param name="gradients">
    /// The gradients; a leaf that is missing in some calls counts as zero in those calls. The gradients may be disposed afterward.
    /// </param>
    /// <param name="accumulated">The result after every <see cref="Steps"/> calls, which belongs to the caller; otherwise, null.</param>
    /// <returns>Whether there is a result.</returns>
    /// <exception cref="ArgumentException">The tree has an array where an earlier one has a container, or vice versa.</exception>
    public bool Add(TreeDictionary gradients, [NotNullWhen(true)] out TreeDictionary? accumulated) =>
        Add(gradients, out accumulated, starts: true);

    /// <summary>The sum so far.</summary>
    internal TreeDictionary? Sum => _sum;

    /// <inheritdoc cref="Add(TreeDictionary, out TreeDictionary?)"/>
    /// <param name="gradients">The gradients.</param>
    /// <param name="accumulated">The result.</param>
    /// <param name="starts">Whether the computation of the sum starts immediately.</param>
    internal bool Add(TreeDictionary gradients, [NotNullWhen(true)] out TreeDictionary? accumulated, bool starts)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        List<MlxArray> replaced = [];
        using (Arena arena = Arena.Open())
        {
            // New leaves are copied, because the sum owns its arrays.
            Tree added = Tree.Map(leaf => MlxArray.CreateUnscoped(arena.Take(_dtype is { } dtype ? leaf.AsType(dtype) : leaf)), gradients);
            _sum = (TreeDictionary)(_sum is null ? added : Tree.Merge(_sum, added, (sum, gradient) =>
            {
                replaced.Add(sum);
                replaced.Add(gradient);
                return MlxArray.CreateUnscoped(arena.Take(sum + gradient));
            }));
        }

        replaced.ForEach(array => array.Dispose());
        Count++;
        if (Count == Steps)
        {
            accumulated = Take()!;
            return true;
        }

        if (starts && !TraceLock.IsHeldByCurrentThread)
        {
            Mx.StartEval(_sum);
        }

        accumulated = null;
        return false;
    }

    /// <summary>
    /// Returns the result of the calls so far, which belongs to the caller, and starts again. Use it for the last, incomplete group of an
    /// epoch. Returns null if nothing was added.
    /// </summary>
    public TreeDictionary? Take()
    {
        if (_sum is not { } sum)
        {
            return null;
        }

        using Arena arena = Arena.Open();
        double scale = 1.0 / Count;
        Tree result = Tree.Map(leaf => arena.Keep(_average && Count > 1 ? leaf * scale : leaf.Share()), sum);
        Reset();
        return (TreeDictionary)result;
    }

    /// <summary>Continues from the sum of earlier calls.</summary>
    internal void Restore(TreeDictionary? sum, int count)
    {
        TreeDictionary? copy = sum is null ? null : (TreeDictionary)Tree.Map(leaf => MlxArray.CreateUnscoped(Arena.Copy(leaf)), sum);
        Reset();
        (_sum, Count) = (copy, count);
    }

    /// <summary>Discards the sum.</summary>
    public void Reset()
    {
        _sum?.DisposeArrays();
        _sum = null;
        Count = 0;
    }

}
