using System.Globalization;
using System.Runtime.InteropServices;

namespace DotMlx.Tests.Lifetime;

/// <summary>
/// On Linux, memory that the CPU frees is reused for the next allocation instead of being requested from the system again.
/// </summary>
[TestFixture]
internal sealed unsafe class FreedMemoryTests
{
    private const int Size = 8 << 20;

    [Test]
    public void ABlockThatWasFreedIsUsedAgainWithoutNewPages()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal))
        {
            Assert.Ignore("Only glibc hands memory back so eagerly that the library has to see to it.");
        }

        if (Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Any(name => name.StartsWith("MALLOC_", StringComparison.Ordinal) || name == "GLIBC_TUNABLES"))
        {
            Assert.Ignore("The environment tells glibc what to keep, and the library leaves that alone.");
        }

        using (MlxArray first = Mx.Zeros(4))
        {
            first.Eval();
        }

        // The heap grows the first time.
        long growing = PagesFetchedBy(TouchABlock);
        long[] later = [.. Enumerable.Range(0, 5).Select(_ => PagesFetchedBy(TouchABlock))];
        Assert.That(later.Min(), Is.LessThan(Size / Environment.SystemPageSize / 8),
            $"the first time {growing}, then {string.Join(", ", later)}");
    }

    private static void TouchABlock()
    {
        byte* block = (byte*)NativeMemory.Alloc(Size);
        for (int i = 0; i < Size; i += Environment.SystemPageSize)
        {
            block[i] = 1;
        }

        NativeMemory.Free(block);
    }

    private static long PagesFetchedBy(Action action)
    {
        long before = PagesFetched();
        action();
        return PagesFetched() - before;
    }

    // Reads minflt of proc(5) for this thread, which follows the name in parentheses.
    private static long PagesFetched()
    {
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
    }
}
