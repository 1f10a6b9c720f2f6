using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace DotMlx.Tests.Threads;

/// <summary>Several copies of the library in one process, as in programs with plug-ins.</summary>
[NonParallelizable]
public sealed class LoadContextTests
{
    [Test]
    public void CopiesInOneProcessDisturbEachOtherInNothing()
    {
        Func<int, string>[] copies = [Work, Load("first"), Load("second")];
        Assert.That(copies.Select(copy => copy.Method.Module).Distinct().Count(), Is.EqualTo(copies.Length), "the copies are one");
        var results = new ConcurrentBag<string>();
        Thread[] threads = [.. Enumerable.Range(0, 9).Select(i => new Thread(() =>
        {
            try
            {
                for (int round = 0; round < 30; round++)
                {
                    results.Add(copies[i % copies.Length](i));
                }
            }
            catch (TargetInvocationException e)
            {
                results.Add($"{e.InnerException}");
            }
            catch (Exception e)
            {
                results.Add($"{e}");
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        string[] expected = [.. Enumerable.Range(0, 9).SelectMany(i => Enumerable.Repeat(Expected(i), 30))];
        Assert.That(results, Is.EquivalentTo(expected));
    }

    [Test]
    public void ACopyThatIsUnloadedLeavesTheOthersAtWork()
    {
        string first = Work(1);
        for (int i = 0; i < 2; i++)
        {
            LoadAndUnload($"unloaded {i}", first);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.That(Work(1), Is.EqualTo(first));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LoadAndUnload(string name, string expected)
    {
        (AssemblyLoadContext context, Func<int, string> work) = Load(name, isCollectible: true);
        Assert.That(work(1), Is.EqualTo(expected));
        context.Unload();
    }

    /// <summary>Builds, evaluates, compiles, differentiates, frees, and fails; called in each copy.</summary>
    public static string Work(int seed)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([seed, 1, 2, 3], 2, 2);
        float sum = (Mx.MatMul(x, Mx.Eye(2)) + 1).Sum().Item<float>();
        float compiled = Mx.Compile((MlxArray a) => Mx.Sum(a * (seed + 2)))(x).Item<float>();
        float gradient = Mx.Grad((MlxArray a) => Mx.Sum(a * a))(x).ToArray<float>()[0];
        try
        {
            Mx.MatMul(x, Mx.Ones(3, 3)).Eval();
            return "no error";
        }
        catch (Exception e)
        {
            return $"{sum} {compiled} {gradient} {e.GetType().Name} {e.Message.Contains("(2,2)", StringComparison.Ordinal) || e.Message.Contains("(2, 2)", StringComparison.Ordinal)}";
        }
    }

    private static string Expected(int seed) => $"{seed + 6 + 4} {(seed + 6) * (seed + 2)} {2 * seed} {Failure} True";

    private static string Failure { get; } = Work(0).Split(' ')[3];

    private static Func<int, string> Load(string name) => Load(name, isCollectible: false).Work;

    private static (AssemblyLoadContext Context, Func<int, string> Work) Load(string name, bool isCollectible)
    {
        string folder = Path.GetDirectoryName(typeof(LoadContextTests).Assembly.Location)!;
        var context = new AssemblyLoadContext(name, isCollectible);
        foreach (string file in (string[])["DotMlx.Bindings", "DotMlx"])
        {
            context.LoadFromAssemblyPath(Path.Combine(folder, file + ".dll"));
        }

        Assembly copy = context.LoadFromAssemblyPath(typeof(LoadContextTests).Assembly.Location);
        return (context, copy.GetType(typeof(LoadContextTests).FullName!)!.GetMethod(nameof(Work))!.CreateDelegate<Func<int, string>>());
    }
}
