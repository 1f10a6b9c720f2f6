using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>
/// State that exists once per process. Static fields exist once per load context, but two copies of this assembly share one native library.
/// The state that guards the library is therefore stored in named data slots of the process, as objects of framework types.
/// </summary>
internal static unsafe class ProcessWide
{
    // The prefix is part of every slot name. Change it if the use of a slot changes, so that different copies don't share the slot.
    private const string Prefix = "DotMlx/1/";

    /// <summary>Returns the object with a name, which the first copy creates.</summary>
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
    /// Returns a number with a name, initially 0, in native memory that is never freed and has its own cache line.
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
