using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>
/// State that exists once per process. Static fields exist once per load context, but two copies of this assembly share one native library.
/// So what guards the library lives in named data slots of the process, as objects of framework types.
/// </summary>
internal static unsafe class ProcessWide
{
    // Part of every name: a copy that uses a slot differently must not meet this one there.
    private const string Prefix = "DotMlx/1/";

    /// <summary>The object under a name, created by the first copy that asks.</summary>
    internal static T Get<T>(string name, Func<T> create)
        where T : class
    {
        AppDomain process = AppDomain.CurrentDomain;
        lock (process)
        {
            if (process.GetData(Prefix + name) is T known)
            {
                return known;
            }

            T created = create();
            process.SetData(Prefix + name, created);
            return created;
        }
    }

    /// <summary>Keeps an object, and so the load context that it comes from, to the end of the process.</summary>
    internal static void Keep(object kept)
    {
        List<object> all = Get("Kept", static () => new List<object>());
        lock (all)
        {
            all.Add(kept);
        }
    }

    /// <summary>A number under a name, at first 0, in native memory that is never freed and shares its cache line with nothing.</summary>
    internal static long* Number(string name)
    {
        const int CacheLine = 128;
        return (long*)(nint)Get<object>(name, static () =>
        {
            void* memory = NativeMemory.AlignedAlloc(CacheLine, CacheLine);
            NativeMemory.Clear(memory, CacheLine);
            return (nint)memory;
        });
    }
}
