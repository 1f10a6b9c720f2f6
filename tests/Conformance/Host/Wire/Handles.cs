namespace DotMlx.Conformance.Wire;

/// <summary>The objects that Python holds, by number; Python reports each one that it releases.</summary>
internal static class Handles
{
    private static readonly Lock Lock = new();
    private static readonly Dictionary<int, object> Objects = [];
    private static int _next = 1;

    public static int Add(object value)
    {
        lock (Lock)
        {
            Objects[_next] = value;
            return _next++;
        }
    }

    public static object Get(int handle)
    {
        lock (Lock)
        {
            return Objects.TryGetValue(handle, out object? value)
                ? value
                : throw new KeyNotFoundException($"There is no object {handle}.");
        }
    }

    public static void Free(int handle)
    {
        lock (Lock)
        {
            Objects.Remove(handle);
        }
    }
}
