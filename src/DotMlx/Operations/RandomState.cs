namespace DotMlx;

/// <summary>The key for random functions that are called without one (mlx.core.random.state).</summary>
/// <remarks>
/// The object represents the key sequence of the calling logical flow. A flow that called <see cref="Mx.Random.Seed"/> has its own
/// sequence, which extends across <c>await</c> and to the tasks that it starts. All other flows share one sequence, seeded from the clock.
/// </remarks>
public sealed class RandomState : IMlxState
{
    private readonly Func<KeySequence> _current;

    internal RandomState(Func<KeySequence> current) => _current = current;

    /// <summary>The current key, a uint32 array of shape [2], which the next draw splits.</summary>
    /// <exception cref="ArgumentException">The new key isn't a uint32 array of shape [2].</exception>
    public MlxArray Key
    {
        get => _current().Capture();
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.DType != DType.UInt32 || !value.Shape.SequenceEqual([2]))
            {
                throw new ArgumentException(
                    $"A random key is uint32 of shape (2), not {value.DType.MlxName()} of "
                    + $"shape {ShapeText.Of(value.Shape)}; make one with Mx.Random.Key.",
                    nameof(value));
            }

            _current().Restore(value);
        }
    }

    /// <inheritdoc/>
    public Tree CaptureState() => new TreeList([new TreeLeaf(Key)]);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The tree isn't a list with one key.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Key = state is TreeList { Count: 1 } list
            ? list[0].Array
            : throw new ArgumentException("The random state must be a list of one key.", nameof(state));
    }
}
