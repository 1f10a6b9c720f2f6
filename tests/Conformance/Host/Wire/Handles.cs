namespace DotMlx.Conformance.Wire;

/// <summary>The objects that Python holds, by number; it says when it lets go of one.</summary>
internal static class Handles
{
    private static readonly Lock S_lock = new();
    private static readonly Dictionary<int, object> S_objects = [];
    private static int _s_next = 1;

    public static int Add(object value)
    {
        lock (S_lock)
        {
            S_objects[_s_next] = value;
            return _s_next++;
        }
    }

    public static object Get(int handle)
    {
        lock (S_lock)
        {
            return S_objects.TryGetValue(handle, out object? value)
                ? value
                : throw new KeyNotFoundException($"There is no object {handle}.");
        }
    }

    public static void Free(int handle)
    {
        lock (S_lock)
        {
            S_objects.Remove(handle);
        }
    }
}
