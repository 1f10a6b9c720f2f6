using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>The keys and values of one attention layer, so that each token's are computed once.</summary>
public abstract class LayerCache : IDisposable
{
    private protected LayerCache()
    {
    }

    /// <summary>How many positions the cache has seen.</summary>
    public int Offset { get; private protected set; }

    /// <summary>The name of its kind in files.</summary>
    internal abstract string Kind { get; }

    /// <summary>Appends keys and values and attends to those that the queries see.</summary>
    internal abstract MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings);

    /// <summary>How many of the last positions can be forgotten.</summary>
    internal abstract int Trimmable { get; }

    /// <summary>Forgets the last positions, not more than <see cref="Trimmable"/>.</summary>
    internal void Trim(int count) => Offset -= count;

    /// <summary>The arrays to save, in a fixed order, without the room to grow; none when it is empty.</summary>
    internal abstract IReadOnlyList<MlxArray> Capture();

    /// <summary>Takes over what <see cref="Capture"/> gave.</summary>
    /// <param name="arrays">The arrays; they stay the caller's.</param>
    /// <param name="offset">How many positions they have seen.</param>
    /// <exception cref="InvalidDataException">The arrays are not those of this kind of cache.</exception>
    internal abstract void Restore(IReadOnlyList<MlxArray> arrays, int offset);

    /// <summary>The arrays in use, for evaluation.</summary>
    internal abstract IEnumerable<MlxArray> Arrays { get; }

    /// <summary>Keeps some of the sequences of a batch, in the given order.</summary>
    /// <param name="rows">Positions of sequences, int32.</param>
    internal abstract void Select(MlxArray rows);

    /// <inheritdoc/>
    public abstract void Dispose();
}
