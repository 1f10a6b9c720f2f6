using System.Collections;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using DotMlx.Conformance.Operations;
using DotMlx.NN;

namespace DotMlx.Conformance.Wire;

/// <summary>Writes messages for Python: numbers, text, arrays, and containers by value, all else as numbered objects.</summary>
internal sealed class MessageWriter
{
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(1 << 12, pinned: true);

    public int Length { get; private set; }

    public byte[] Buffer => _buffer;

    public void Reset() => Length = 0;

    public void Write(object? value)
    {
        switch (value)
        {
            case null: Put(Tag.None); break;
            case bool flag: Put(flag ? Tag.True : Tag.False); break;
            case sbyte or short or int or long or byte or ushort or uint: Put(Tag.Int, System.Convert.ToInt64(value, null)); break;
            case ulong number: Put(Tag.UInt64, number); break;
            case float number: Put(Tag.Float, (double)number); break;
            case double number: Put(Tag.Float, number); break;
            case Half number: Put(Tag.Float, (double)number); break;
            case BFloat16 number: Put(Tag.Float, (double)(float)number); break;
            case Complex64 number: Write((Complex)number); break;
            case Complex number: Put(Tag.Complex, number.Real); Put(number.Imaginary); break;
            case string text: Put(Tag.Text); Bytes(Encoding.UTF8.GetBytes(text)); break;
            case byte[] bytes: Put(Tag.Bytes); Bytes(bytes); break;
            case DType type: Put(Tag.DType, (byte)type); break;
            case DTypeCategory category: Put(Tag.Category, (byte)category); break;
            case Enum choice: Write(choice.ToString()); break;
            case MlxDevice device: Put(Tag.Device, (byte)device.Type); Put(device.Index); break;
            case MlxArray array: Array(array); break;
            case TreeLeaf leaf: Array(leaf.Array); break;
            case TreeDictionary tree: Named(Tag.Dictionary, [.. tree.Select(item => (item.Key, (object?)item.Value))]); break;
            case PythonDictionary items: Named(Tag.Dictionary, [.. items.Items.Select(item => (item.Key, item.Value))]); break;
            case PythonTuple tuple: Items(Tag.Tuple, tuple.Items); break;
            case ITuple tuple: Items(Tag.Tuple, [.. Enumerable.Range(0, tuple.Length).Select(i => tuple[i])]); break;
            case GgufValue metadata: Write(metadata.Array ?? metadata.Text ?? (object?)metadata.Texts); break;
            case IEnumerable items when IsContainer(value): Container(items); break;
            default: Other(value); break;
        }
    }

    // Modules and open files are objects in Python, even if they are also containers.
    private static bool IsContainer(object value) => value is TreeList or not (Module or IDisposable or Tree);

    private void Container(IEnumerable items)
    {
        object?[] all = [.. items.Cast<object?>()];
        if (items.GetType().GetInterfaces().Any(IsDictionary))
        {
            Named(Tag.Dictionary, [.. all.Select(item => Pair(item!))]);
        }
        else
        {
            Items(Tag.List, all);
        }
    }

    private static bool IsDictionary(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is { } definition
        && (definition == typeof(IReadOnlyDictionary<,>) || definition == typeof(IDictionary<,>));

    private static bool IsPair(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);

    private static (object? Key, object? Value) Pair(object pair) =>
        (pair.GetType().GetProperty("Key")!.GetValue(pair), pair.GetType().GetProperty("Value")!.GetValue(pair));

    private void Other(object value)
    {
        if (IsPair(value.GetType()))
        {
            (object? key, object? item) = Pair(value);
            Items(Tag.Tuple, [key, item]);
            return;
        }

        string name = value.GetType().FullName ?? value.GetType().Name;
        Put(Tag.Object, Handles.Add(value));
        Bytes(Encoding.UTF8.GetBytes(value is Module module ? $"module:{ModuleOperations.Identity(module)}:{name}" : name));
    }

    private void Array(MlxArray array)
    {
        ReadOnlySpan<int> shape = array.Shape;
        byte type = (byte)array.DType;
        Put(Tag.Array, Handles.Add(array));
        Put(type);
        Put((byte)shape.Length);
        foreach (int size in shape)
        {
            Put(size);
        }
    }

    private void Items(Tag tag, object?[] items)
    {
        Put(tag, items.Length);
        foreach (object? item in items)
        {
            Write(item);
        }
    }

    private void Named(Tag tag, (object? Key, object? Value)[] items)
    {
        Put(tag, items.Length);
        foreach ((object? key, object? value) in items)
        {
            Write(key);
            Write(value);
        }
    }

    private void Bytes(byte[] bytes)
    {
        Put(bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
    }

    private void Put(Tag tag) => Put((byte)tag);

    private void Put<T>(Tag tag, T value)
        where T : unmanaged
    {
        Put(tag);
        Put(value);
    }

    private void Put<T>(T value)
        where T : unmanaged
        => MemoryMarshal.Write(Room(Unsafe.SizeOf<T>()), in value);

    private Span<byte> Room(int count)
    {
        if (Length + count > _buffer.Length)
        {
            byte[] larger = GC.AllocateUninitializedArray<byte>(Math.Max(_buffer.Length * 2, Length + count), pinned: true);
            _buffer.AsSpan(0, Length).CopyTo(larger);
            _buffer = larger;
        }

        Span<byte> room = _buffer.AsSpan(Length, count);
        Length += count;
        return room;
    }
}
