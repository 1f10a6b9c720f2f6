using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace DotMlx.Reference;

/// <summary>An object behind a handle. It is freed when its last owner releases it.</summary>
internal abstract class Owned
{
    private int _owners;

    internal void Retain() => Interlocked.Increment(ref _owners);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0) OnReleased();
    }

    protected abstract void OnReleased();
}

/// <summary>A string that C can point to while its owner lives.</summary>
internal sealed unsafe class NativeString(string text)
{
    private readonly byte* _pointer = Encode(text);

    ~NativeString() => NativeMemory.Free(_pointer);

    internal string Text { get; } = text;

    internal byte* Pointer => _pointer;

    internal static string? Read(byte* text) => text == null ? null : Marshal.PtrToStringUTF8((nint)text);

    internal static string Required(byte* text, string name) =>
        Read(text) ?? throw new MlxFailure($"expected a non-null string for {name}");

    private static byte* Encode(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var pointer = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(pointer, bytes.Length));
        pointer[bytes.Length] = 0;
        return pointer;
    }
}

/// <summary>
/// Handles in C are numbers that are never reused, so that a stale handle causes an error instead of accessing another object.
/// </summary>
internal static unsafe class Handles
{
    private static readonly ConcurrentDictionary<nint, object> Table = new();
    private static long _last = 0x1000;

    internal static T Get<T>(void* handle, string typeName) where T : class
    {
        if (handle == null) throw new MlxFailure($"expected a non-empty {typeName}");
        if (!Table.TryGetValue((nint)handle, out var value))
            throw new MlxFailure($"The {typeName} has been freed or is no handle of this library.");
        return value as T ?? throw new MlxFailure($"expected a {typeName}, but the handle stands for something else");
    }

    internal static T? GetOrNull<T>(void* handle, string typeName) where T : class => handle == null ? null : Get<T>(handle, typeName);

    internal static void* New(object value)
    {
        Keep(value);
        var handle = (nint)Interlocked.Add(ref _last, 16);
        Table[handle] = value;
        return (void*)handle;
    }

    /// <summary>Replaces the object behind a handle. An empty handle becomes a new handle.</summary>
    internal static void Set(void** slot, object value)
    {
        if (slot == null) throw new MlxFailure("expected a place for the result, got a null pointer");
        if (*slot == null)
        {
            *slot = New(value);
            return;
        }
        var handle = (nint)(*slot);
        if (!Table.TryGetValue(handle, out var before)) throw new MlxFailure("The handle for the result has been freed.");
        Keep(value);
        Table[handle] = value;
        Drop(before);
    }

    internal static int Free(void* handle, string typeName)
    {
        if (handle == null) return 0;
        if (!Table.TryRemove((nint)handle, out var value))
            throw new MlxFailure($"The {typeName} has been freed before or is no handle of this library.");
        Drop(value);
        return 0;
    }

    private static void Keep(object value)
    {
        switch (value)
        {
            case Tensor tensor: tensor.Retain(); break;
            case Owned owned: owned.Retain(); break;
            case List<Tensor> list: list.ForEach(x => x.Retain()); break;
            case TensorMap map: map.Retain(); break;
            case List<List<Tensor>> lists: lists.ForEach(list => list.ForEach(x => x.Retain())); break;
        }
    }

    private static void Drop(object value)
    {
        switch (value)
        {
            case Tensor tensor: tensor.Release(); break;
            case Owned owned: owned.Release(); break;
            case List<Tensor> list: list.ForEach(x => x.Release()); break;
            case TensorMap map: map.Release(); break;
            case List<List<Tensor>> lists: lists.ForEach(list => list.ForEach(x => x.Release())); break;
        }
    }
}
