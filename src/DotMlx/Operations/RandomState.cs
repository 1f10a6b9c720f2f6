namespace DotMlx;

/// <summary>The key behind random functions that are called without one (mlx.core.random.state).</summary>
/// <remarks>It stands for the sequence of the logical flow that asks: a flow that called <see cref="Mx.Random.Seed"/> has its own,
/// also across <c>await</c> and in the tasks it starts; all others share one, seeded from the clock.</remarks>
public sealed class RandomState : IMlxState
{
    private readonly Func<KeySequence> current;

    internal RandomState(Func<KeySequence> current) => this.current = current;

    /// <summary>The current key, uint32 of shape [2], which the next draw splits.</summary>
    /// <exception cref="ArgumentException">The new key is not uint32 of shape [2].</exception>
    public MlxArray Key
    {
        get => current().Capture();
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.DType != DType.UInt32 || !value.Shape.SequenceEqual([2]))
            {
                throw new ArgumentException(
                    $"A random key is uint32 of shape (2), not {value.DType.MlxName()} of shape {ShapeText.Of(value.Shape)}; make one with Mx.Random.Key.",
                    nameof(value));
            }

            current().Restore(value);
        }
    }

    /// <inheritdoc/>
    public Tree CaptureState() => new TreeList([new TreeLeaf(Key)]);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The tree is not a list of one key.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Key = state is TreeList { Count: 1 } list
            ? list[0].Array
            : throw new ArgumentException("The random state is a list of one key.", nameof(state));
    }
}
