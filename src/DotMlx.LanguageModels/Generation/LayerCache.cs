using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>The keys and values of one attention layer, so that those of each token are computed only once.</summary>
public abstract class LayerCache : IDisposable
{
    private protected LayerCache()
    {
    }

    /// <summary>The number of positions that the cache has processed.</summary>
    public int Offset { get; private protected set; }

    /// <summary>The name of the kind of cache in files.</summary>
    internal abstract string Kind { get; }

    /// <summary>Appends keys and values and attends to the ones that the queries see.</summary>
    internal abstract MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings);

    /// <summary>The number of last positions that can be removed.</summary>
    internal abstract int Trimmable { get; }

    /// <summary>Removes the last positions, at most <see cref="Trimmable"/>.</summary>
    internal void Trim(int count) => Offset -= count;

    /// <summary>The arrays to save, in a fixed order, without spare capacity; none if the cache is empty.</summary>
    internal abstract IReadOnlyList<MlxArray> Capture();

    /// <summary>Restores the arrays of a <see cref="Capture"/>.</summary>
    /// <param name="arrays">The arrays, which the caller still owns.</param>
    /// <param name="offset">The number of positions that the cache had processed.</param>
    /// <exception cref="InvalidDataException">The arrays don't belong to this kind of cache.</exception>
    internal abstract void Restore(IReadOnlyList<MlxArray> arrays, int offset);

    /// <summary>The arrays in use, for evaluation.</summary>
    internal abstract IEnumerable<MlxArray> Arrays { get; }

    /// <summary>Keeps some sequences of a batch, in the given order.</summary>
    /// <param name="rows">The indices of the sequences, int32.</param>
    internal abstract void Select(MlxArray rows);

    /// <summary>Frees the cache's arrays.</summary>
    public abstract void Dispose();
}
