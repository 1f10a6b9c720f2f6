namespace DotMlx.Conformance.Wire;

/// <summary>The objects that Python holds, by number; it says when it lets go of one.</summary>
internal static class Handles
{
    private static readonly Lock s_lock = new();
    private static readonly Dictionary<int, object> s_objects = [];
    private static int s_next = 1;

    public static int Add(object value)
    {
        lock (s_lock)
        {
            s_objects[s_next] = value;
            return s_next++;
        }
    }

    public static object Get(int handle)
    {
        lock (s_lock)
        {
            return s_objects.TryGetValue(handle, out object? value)
                ? value
                : throw new KeyNotFoundException($"There is no object {handle}.");
        }
    }

    public static void Free(int handle)
    {
        lock (s_lock)
        {
            s_objects.Remove(handle);
        }
    }
}
