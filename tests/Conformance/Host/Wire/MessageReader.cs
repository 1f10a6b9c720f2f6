using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace DotMlx.Conformance.Wire;

/// <summary>Reads Python's messages.</summary>
internal unsafe ref struct MessageReader(byte* data, int length)
{
    private readonly byte* _data = data;
    private readonly int _length = length;
    private int _at;

    public object? Read() => (Tag)Next<byte>() switch
    {
        Tag.None => null,
        Tag.True => true,
        Tag.False => false,
        Tag.Int => Next<long>(),
        Tag.UInt64 => Next<ulong>(),
        Tag.Float => Next<double>(),
        Tag.Complex => new Complex(Next<double>(), Next<double>()),
        Tag.Text => Encoding.UTF8.GetString(Bytes()),
        Tag.Handle => Handles.Get(Next<int>()),
        Tag.List => Items(),
        Tag.Tuple => new PythonTuple(Items()),
        Tag.Dictionary => Dictionary(),
        Tag.DType => (DType)Next<byte>(),
        Tag.Slice => new PythonSlice(Read(), Read(), Read()),
        Tag.Ellipsis => PythonEllipsis.Value,
        Tag.Bytes => Bytes().ToArray(),
        Tag.Function => new PythonFunction(Next<int>()),
        Tag.Category => (DTypeCategory)Next<byte>(),
        Tag.Device => new MlxDevice((DeviceType)Next<byte>(), Next<int>()),
        Tag tag => throw new InvalidDataException($"Python sent a value with the tag {tag}, which only answers have."),
    };

    private T Next<T>()
        where T : unmanaged
    {
        if (_at + sizeof(T) > _length)
        {
            throw new InvalidDataException("The message ends within a value.");
        }

        T value = Unsafe.ReadUnaligned<T>(_data + _at);
        _at += sizeof(T);
        return value;
    }

    private ReadOnlySpan<byte> Bytes()
    {
        int count = Next<int>();
        ReadOnlySpan<byte> bytes = new(_data + _at, count);
        _at += count;
        return bytes;
    }

    private object?[] Items()
    {
        object?[] items = new object?[Next<int>()];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Read();
        }

        return items;
    }

    private PythonDictionary Dictionary()
    {
        int count = Next<int>();
        List<KeyValuePair<object?, object?>> items = [];
        for (int i = 0; i < count; i++)
        {
            object? key = Read();
            items.Add(new(key, Read()));
        }

        return new PythonDictionary(items);
    }
}
