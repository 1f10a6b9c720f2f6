using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace DotMlx;

/// <summary>
/// The contents of a file: named arrays in file order, or the single array of an npy file. The arrays are evaluated, so
/// the file may be changed or deleted afterward.
/// </summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "The type is a file that is used for lookups.")]
public class ArrayFile : IReadOnlyDictionary<string, MlxArray>, IDisposable
{
    private readonly OrderedDictionary<string, MlxArray> _arrays;
    private readonly string _name;

    internal ArrayFile(string name, OrderedDictionary<string, MlxArray> arrays)
    {
        _name = name;
        _arrays = arrays;
    }

    /// <summary>The arrays by name, in the order of the file. The array of an npy file has the empty name.</summary>
    public IReadOnlyDictionary<string, MlxArray> Arrays => _arrays;

    /// <summary>The array of a file with one array.</summary>
    /// <exception cref="InvalidOperationException">The file contains no array or several arrays.</exception>
    public MlxArray Array => _arrays.Count == 1
        ? _arrays.GetAt(0).Value
        : throw new InvalidOperationException(
            _arrays.Count == 0
                ? $"'{_name}' holds no array."
                : $"'{_name}' holds {_arrays.Count} arrays; choose one by its "
                + $"name: {string.Join(", ", _arrays.Keys.Take(8).Select(key => $"'{key}'"))}{(_arrays.Count > 8 ? ", …" : "")}.");

    /// <summary>The number of arrays.</summary>
    public int Count => _arrays.Count;

    /// <summary>The names in the order of the file.</summary>
    public IEnumerable<string> Keys => _arrays.Keys;

    /// <summary>The arrays in the order of the file.</summary>
    public IEnumerable<MlxArray> Values => _arrays.Values;

    /// <summary>The array with this name.</summary>
    /// <exception cref="KeyNotFoundException">The file contains no such array; the message names the file.</exception>
    public MlxArray this[string key] => _arrays.TryGetValue(key, out MlxArray? array)
        ? array
        : throw new KeyNotFoundException($"'{_name}' holds no array '{key}'.");

    /// <summary>The array of a file with one array, so that <c>MlxArray a = Mx.Load("a.npy")</c> reads as in Python.</summary>
    /// <exception cref="InvalidOperationException">The file contains no array or several arrays.</exception>
    public static implicit operator MlxArray(ArrayFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.Array;
    }

    /// <summary>
    /// The arrays as a tree, with their names as dotted paths (<see cref="Tree.Unflatten"/>), including the escaped names that <see
    /// cref="TreeDictionary.Save"/> writes. The tree shares the arrays with this file.
    /// </summary>
    /// <exception cref="InvalidDataException">The names aren't paths of one tree; the message says why.</exception>
    public Tree ToTree()
    {
        try
        {
            return TreeDictionary.Unflatten(_arrays, (this as SafetensorsFile)?.Metadata);
        }
        catch (ArgumentException exception)
        {
            throw CannotBuildTree(exception);
        }
    }

    /// <summary>Whether the file has an array of this name.</summary>
    public bool ContainsKey(string key) => _arrays.ContainsKey(key);

    /// <summary>Searches for the array of this name.</summary>
    /// <returns>Whether the file contains it.</returns>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out MlxArray value) => _arrays.TryGetValue(key, out value);

    /// <summary>Enumerates names and arrays in the order of the file.</summary>
    public IEnumerator<KeyValuePair<string, MlxArray>> GetEnumerator() => _arrays.GetEnumerator();

    /// <summary>Builds an object from the named arrays; if that fails, the arrays are disposed.</summary>
    /// <exception cref="InvalidDataException">The names aren't paths of one tree; the message names the file.</exception>
    internal T Build<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (ArgumentException exception)
        {
            Dispose();
            throw CannotBuildTree(exception);
        }
    }

    /// <summary>The file's name in messages.</summary>
    private protected string Name => _name;

    IEnumerator IEnumerable.GetEnumerator() => _arrays.GetEnumerator();

    /// <summary>Disposes all arrays.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Disposes the arrays and the other contents of the file.</summary>
    /// <param name="disposing">Always true, because unreachable arrays are freed anyway.</param>
    protected virtual void Dispose(bool disposing)
    {
        foreach (MlxArray array in _arrays.Values)
        {
            array.Dispose();
        }
    }

    private InvalidDataException CannotBuildTree(ArgumentException exception) =>
        new($"'{_name}' cannot be loaded as a tree: {exception.Message.TrimEnd('.')}.", exception);
}
