using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>
/// State that exists once per process. Static fields exist once per load context, but two copies of this assembly share one native library.
/// The state that guards the library is therefore in named data slots of the process, as objects of framework types.
/// </summary>
internal static unsafe class ProcessWide
{
    // Part of every name: a copy that uses a slot differently must not meet this one there.
    private const string Prefix = "DotMlx/1/";

    /// <summary>The object with a name, created by the first copy that asks for it.</summary>
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

    /// <summary>Keeps an object, and therefore its load context, until the end of the process.</summary>
    internal static void Keep(object kept)
    {
        List<object> all = Get("Kept", static () => new List<object>());
        lock (all)
        {
            all.Add(kept);
        }
    }

    /// <summary>
    /// A number with a name, initially 0, in native memory that is never freed and that shares its cache line with nothing else.
    /// </summary>
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
