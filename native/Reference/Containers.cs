using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>Keys and values in insertion order. C can read the keys.</summary>
internal class NativeMap<T>
{
    internal Dictionary<string, (NativeString Key, T Value)> Items { get; } = new(StringComparer.Ordinal);

    internal void Add(string key, T value) => Items.TryAdd(key, (new NativeString(key), value));
}

internal sealed class TensorMap : NativeMap<Tensor>
{
    internal void Retain()
    {
        foreach (var (_, value) in Items.Values) value.Retain();
    }

    internal void Release()
    {
        foreach (var (_, value) in Items.Values) value.Release();
    }
}

internal sealed class StringMap : NativeMap<NativeString>;

/// <summary>An iterator over a copy of a map's entries.</summary>
internal sealed class Walk<T>(NativeMap<T> map)
{
    private readonly (NativeString Key, T Value)[] _entries = [.. map.Items.Values];
    private int _next;

    internal bool TryNext(out (NativeString Key, T Value) entry)
    {
        entry = _next < _entries.Length ? _entries[_next] : default;
        return _next++ < _entries.Length;
    }
}

/// <summary>vector.h, map.h, and string.h.</summary>
internal static unsafe class ContainerFunctions
{
    internal const int NotFound = 2;

    internal static Tensor Array_(mlx_array array) => Handles.Get<Tensor>(array.ctx, nameof(mlx_array));

    internal static List<Tensor> Vector(mlx_vector_array vec) => Handles.Get<List<Tensor>>(vec.ctx, nameof(mlx_vector_array));

    internal static List<Tensor> Arrays(mlx_array* data, nuint size)
    {
        var list = new List<Tensor>();
        for (nuint i = 0; i < size; i++) list.Add(Array_(data[i]));
        return list;
    }

    internal static T At<T>(List<T> list, nuint index, string name) => index < (nuint)list.Count
        ? list[(int)index]
        : throw new MlxFailure($"[{name}] Index {index} is out of range for a vector of size {list.Count}.");

    internal static mlx_vector_array NewVector(List<Tensor> list) => new() { ctx = Handles.New(list) };

    public static mlx_vector_array mlx_vector_array_new() => NewVector([]);

    public static mlx_vector_array mlx_vector_array_new_data(mlx_array* data, nuint size) => NewVector(Arrays(data, size));

    public static mlx_vector_array mlx_vector_array_new_value(mlx_array val) => NewVector([Array_(val)]);

    public static int mlx_vector_array_set(mlx_vector_array* vec, mlx_vector_array src) => Assign(&vec->ctx, new List<Tensor>(Vector(src)));

    public static int mlx_vector_array_set_data(mlx_vector_array* vec, mlx_array* data, nuint size) =>
        Assign(&vec->ctx, Arrays(data, size));

    public static int mlx_vector_array_set_value(mlx_vector_array* vec, mlx_array val) =>
        Assign(&vec->ctx, new List<Tensor> { Array_(val) });

    public static int mlx_vector_array_append_data(mlx_vector_array vec, mlx_array* data, nuint size)
    {
        var list = Vector(vec);
        foreach (var tensor in Arrays(data, size))
        {
            tensor.Retain();
            list.Add(tensor);
        }
        return 0;
    }

    public static int mlx_vector_array_append_value(mlx_vector_array vec, mlx_array val) => mlx_vector_array_append_data(vec, &val, 1);

    public static nuint mlx_vector_array_size(mlx_vector_array vec) => (nuint)Vector(vec).Count;

    public static int mlx_vector_array_get(mlx_array* res, mlx_vector_array vec, nuint idx) =>
        Assign(&res->ctx, At(Vector(vec), idx, nameof(mlx_vector_array_get)));

    public static int mlx_vector_array_free(mlx_vector_array vec) => Handles.Free(vec.ctx, nameof(mlx_vector_array));

    internal static int Assign(void** slot, object value)
    {
        Handles.Set(slot, value);
        return 0;
    }

    // ---- vectors of vectors -------------------------------------------------------------------------------------

    private static List<List<Tensor>> Vectors(mlx_vector_vector_array vec) =>
        Handles.Get<List<List<Tensor>>>(vec.ctx, nameof(mlx_vector_vector_array));

    private static List<List<Tensor>> Copies(mlx_vector_array* data, nuint size)
    {
        var lists = new List<List<Tensor>>();
        for (nuint i = 0; i < size; i++) lists.Add([.. Vector(data[i])]);
        return lists;
    }

    private static mlx_vector_vector_array NewVectors(List<List<Tensor>> lists) => new() { ctx = Handles.New(lists) };

    public static mlx_vector_vector_array mlx_vector_vector_array_new() => NewVectors([]);

    public static mlx_vector_vector_array mlx_vector_vector_array_new_data(mlx_vector_array* data, nuint size) =>
        NewVectors(Copies(data, size));

    public static mlx_vector_vector_array mlx_vector_vector_array_new_value(mlx_vector_array val) => NewVectors(Copies(&val, 1));

    public static int mlx_vector_vector_array_set(mlx_vector_vector_array* vec, mlx_vector_vector_array src) =>
        Assign(&vec->ctx, Vectors(src).ConvertAll(list => new List<Tensor>(list)));

    public static int mlx_vector_vector_array_set_data(mlx_vector_vector_array* vec, mlx_vector_array* data, nuint size) =>
        Assign(&vec->ctx, Copies(data, size));

    public static int mlx_vector_vector_array_set_value(mlx_vector_vector_array* vec, mlx_vector_array val) =>
        Assign(&vec->ctx, Copies(&val, 1));

    public static int mlx_vector_vector_array_append_data(mlx_vector_vector_array vec, mlx_vector_array* data, nuint size)
    {
        var lists = Vectors(vec);
        foreach (var list in Copies(data, size))
        {
            list.ForEach(x => x.Retain());
            lists.Add(list);
        }
        return 0;
    }

    public static int mlx_vector_vector_array_append_value(mlx_vector_vector_array vec, mlx_vector_array val) =>
        mlx_vector_vector_array_append_data(vec, &val, 1);

    public static nuint mlx_vector_vector_array_size(mlx_vector_vector_array vec) => (nuint)Vectors(vec).Count;

    public static int mlx_vector_vector_array_get(mlx_vector_array* res, mlx_vector_vector_array vec, nuint idx) =>
        Assign(&res->ctx, new List<Tensor>(At(Vectors(vec), idx, nameof(mlx_vector_vector_array_get))));

    public static int mlx_vector_vector_array_free(mlx_vector_vector_array vec) => Handles.Free(vec.ctx, nameof(mlx_vector_vector_array));

    // ---- vectors of integers and strings ------------------------------------------------------------------------

    internal static List<int> Integers(mlx_vector_int vec) => Handles.Get<List<int>>(vec.ctx, nameof(mlx_vector_int));

    internal static List<int> Integers(int* data, nuint size) => [.. new ReadOnlySpan<int>(data, (int)size)];

    public static mlx_vector_int mlx_vector_int_new() => new() { ctx = Handles.New(new List<int>()) };

    public static mlx_vector_int mlx_vector_int_new_data(int* data, nuint size) => new() { ctx = Handles.New(Integers(data, size)) };

    public static mlx_vector_int mlx_vector_int_new_value(int val) => new() { ctx = Handles.New(new List<int> { val }) };

    public static int mlx_vector_int_set(mlx_vector_int* vec, mlx_vector_int src) => Assign(&vec->ctx, new List<int>(Integers(src)));

    public static int mlx_vector_int_set_data(mlx_vector_int* vec, int* data, nuint size) => Assign(&vec->ctx, Integers(data, size));

    public static int mlx_vector_int_set_value(mlx_vector_int* vec, int val) => Assign(&vec->ctx, new List<int> { val });

    public static int mlx_vector_int_append_data(mlx_vector_int vec, int* data, nuint size)
    {
        Integers(vec).AddRange(Integers(data, size));
        return 0;
    }

    public static int mlx_vector_int_append_value(mlx_vector_int vec, int val) => mlx_vector_int_append_data(vec, &val, 1);

    public static nuint mlx_vector_int_size(mlx_vector_int vec) => (nuint)Integers(vec).Count;

    public static int mlx_vector_int_get(int* res, mlx_vector_int vec, nuint idx)
    {
        *res = At(Integers(vec), idx, nameof(mlx_vector_int_get));
        return 0;
    }

    public static int mlx_vector_int_free(mlx_vector_int vec) => Handles.Free(vec.ctx, nameof(mlx_vector_int));

    private static List<NativeString> Strings(mlx_vector_string vec) => Handles.Get<List<NativeString>>(vec.ctx, nameof(mlx_vector_string));

    private static List<NativeString> Strings(byte** data, nuint size)
    {
        var list = new List<NativeString>();
        for (nuint i = 0; i < size; i++) list.Add(new NativeString(NativeString.Required(data[i], nameof(data))));
        return list;
    }

    public static mlx_vector_string mlx_vector_string_new() => new() { ctx = Handles.New(new List<NativeString>()) };

    public static mlx_vector_string mlx_vector_string_new_data(byte** data, nuint size) => new() { ctx = Handles.New(Strings(data, size)) };

    public static mlx_vector_string mlx_vector_string_new_value(byte* val) => mlx_vector_string_new_data(&val, 1);

    public static int mlx_vector_string_set(mlx_vector_string* vec, mlx_vector_string src) =>
        Assign(&vec->ctx, new List<NativeString>(Strings(src)));

    public static int mlx_vector_string_set_data(mlx_vector_string* vec, byte** data, nuint size) => Assign(&vec->ctx, Strings(data, size));

    public static int mlx_vector_string_set_value(mlx_vector_string* vec, byte* val) => Assign(&vec->ctx, Strings(&val, 1));

    public static int mlx_vector_string_append_data(mlx_vector_string vec, byte** data, nuint size)
    {
        Strings(vec).AddRange(Strings(data, size));
        return 0;
    }

    public static int mlx_vector_string_append_value(mlx_vector_string vec, byte* val) => mlx_vector_string_append_data(vec, &val, 1);

    public static nuint mlx_vector_string_size(mlx_vector_string vec) => (nuint)Strings(vec).Count;

    public static int mlx_vector_string_get(byte** res, mlx_vector_string vec, nuint idx)
    {
        *res = At(Strings(vec), idx, nameof(mlx_vector_string_get)).Pointer;
        return 0;
    }

    public static int mlx_vector_string_free(mlx_vector_string vec) => Handles.Free(vec.ctx, nameof(mlx_vector_string));

    // ---- maps ---------------------------------------------------------------------------------------------------

    internal static TensorMap Map(mlx_map_string_to_array map) => Handles.Get<TensorMap>(map.ctx, nameof(mlx_map_string_to_array));

    internal static StringMap Map(mlx_map_string_to_string map) => Handles.Get<StringMap>(map.ctx, nameof(mlx_map_string_to_string));

    public static mlx_map_string_to_array mlx_map_string_to_array_new() => new() { ctx = Handles.New(new TensorMap()) };

    public static int mlx_map_string_to_array_set(mlx_map_string_to_array* map, mlx_map_string_to_array src)
    {
        var copy = new TensorMap();
        foreach (var (key, (_, value)) in Map(src).Items) copy.Add(key, value);
        return Assign(&map->ctx, copy);
    }

    public static int mlx_map_string_to_array_free(mlx_map_string_to_array map) => Handles.Free(map.ctx, nameof(mlx_map_string_to_array));

    public static int mlx_map_string_to_array_insert(mlx_map_string_to_array map, byte* key, mlx_array value)
    {
        var (items, name, tensor) = (Map(map).Items, NativeString.Required(key, nameof(key)), Array_(value));
        tensor.Retain();
        if (items.TryGetValue(name, out var before))
        {
            items[name] = (before.Key, tensor);
            before.Value.Release();
        }
        else
        {
            items.Add(name, (new NativeString(name), tensor));
        }
        return 0;
    }

    public static int mlx_map_string_to_array_get(mlx_array* value, mlx_map_string_to_array map, byte* key) =>
        Map(map).Items.TryGetValue(NativeString.Required(key, nameof(key)), out var found) ? Assign(&value->ctx, found.Value) : NotFound;

    public static mlx_map_string_to_array_iterator mlx_map_string_to_array_iterator_new(mlx_map_string_to_array map) =>
        new() { ctx = Handles.New(new Walk<Tensor>(Map(map))), map_ctx = map.ctx };

    public static int mlx_map_string_to_array_iterator_next(byte** key, mlx_array* value, mlx_map_string_to_array_iterator it)
    {
        if (!Handles.Get<Walk<Tensor>>(it.ctx, nameof(mlx_map_string_to_array_iterator)).TryNext(out var entry)) return NotFound;
        *key = entry.Key.Pointer;
        return Assign(&value->ctx, entry.Value);
    }

    public static int mlx_map_string_to_array_iterator_free(mlx_map_string_to_array_iterator it) =>
        Handles.Free(it.ctx, nameof(mlx_map_string_to_array_iterator));

    public static mlx_map_string_to_string mlx_map_string_to_string_new() => new() { ctx = Handles.New(new StringMap()) };

    public static int mlx_map_string_to_string_set(mlx_map_string_to_string* map, mlx_map_string_to_string src)
    {
        var copy = new StringMap();
        foreach (var (key, (_, value)) in Map(src).Items) copy.Add(key, value);
        return Assign(&map->ctx, copy);
    }

    public static int mlx_map_string_to_string_free(mlx_map_string_to_string map) =>
        Handles.Free(map.ctx, nameof(mlx_map_string_to_string));

    public static int mlx_map_string_to_string_insert(mlx_map_string_to_string map, byte* key, byte* value)
    {
        var (name, text) = (NativeString.Required(key, nameof(key)), new NativeString(NativeString.Required(value, nameof(value))));
        Map(map).Items[name] = (new NativeString(name), text);
        return 0;
    }

    public static int mlx_map_string_to_string_get(byte** value, mlx_map_string_to_string map, byte* key)
    {
        if (!Map(map).Items.TryGetValue(NativeString.Required(key, nameof(key)), out var found)) return NotFound;
        *value = found.Value.Pointer;
        return 0;
    }

    public static mlx_map_string_to_string_iterator mlx_map_string_to_string_iterator_new(mlx_map_string_to_string map) =>
        new() { ctx = Handles.New(new Walk<NativeString>(Map(map))), map_ctx = map.ctx };

    public static int mlx_map_string_to_string_iterator_next(byte** key, byte** value, mlx_map_string_to_string_iterator it)
    {
        if (!Handles.Get<Walk<NativeString>>(it.ctx, nameof(mlx_map_string_to_string_iterator)).TryNext(out var entry)) return NotFound;
        *key = entry.Key.Pointer;
        *value = entry.Value.Pointer;
        return 0;
    }

    public static int mlx_map_string_to_string_iterator_free(mlx_map_string_to_string_iterator it) =>
        Handles.Free(it.ctx, nameof(mlx_map_string_to_string_iterator));

    // ---- strings ------------------------------------------------------------------------------------------------

    internal static NativeString Text(mlx_string str) => Handles.Get<NativeString>(str.ctx, nameof(mlx_string));

    public static mlx_string mlx_string_new() => default;

    public static mlx_string mlx_string_new_data(byte* str) =>
        new() { ctx = Handles.New(new NativeString(NativeString.Required(str, nameof(str)))) };

    public static int mlx_string_set(mlx_string* str, mlx_string src) => Assign(&str->ctx, Text(src));

    public static byte* mlx_string_data(mlx_string str) => Text(str).Pointer;

    public static int mlx_string_free(mlx_string str) => Handles.Free(str.ctx, nameof(mlx_string));

    internal static int SetText(mlx_string* str, string text) => Assign(&str->ctx, new NativeString(text));
}
