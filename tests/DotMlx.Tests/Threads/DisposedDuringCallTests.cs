namespace DotMlx.Tests.Threads;

/// <summary>Objects with native parts that one thread disposes while others use them.</summary>
[TestFixture]
public sealed class DisposedDuringCallTests : FolderTests
{
    private const int Rounds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Test]
    public void ACompiledFunctionSurvivesDisposalDuringACall() => Race(
        static () => Mx.Compile((MlxArray a) => Mx.Sum((a * 2) + 1)),
        static f =>
        {
            using MlxArray x = Mx.Ones(3);
            using MlxArray y = f(x);
            Assert.That(y.Item<float>(), Is.EqualTo(9));
        },
        static f => ((IDisposable)f.Target!).Dispose());

    [Test]
    [RequiresMlx("export")]
    public void AnImportedFunctionSurvivesDisposalDuringACall()
    {
        string file = Path.Combine(Folder, "f.mlxfn");
        Mx.ExportFunction(file, a => [Mx.Sum((a[0] * 2) + 1)], [Mx.Ones(3)]);
        Race(
            () => Mx.ImportFunction(file),
            static f =>
            {
                using MlxArray x = Mx.Ones(3);
                using MlxArray y = f.Invoke(x)[0];
                Assert.That(y.Item<float>(), Is.EqualTo(9));
            },
            static f => f.Dispose());
    }

    [Test]
    public void AGroupSurvivesDisposalDuringACall() => Race(
        static () => Mx.Distributed.Init(),
        static group =>
        {
            using MlxArray x = Mx.Ones(3);
            using MlxArray sum = Mx.Distributed.AllSum(x, group);
            Assert.That(sum.ToArray<float>(), Is.EqualTo(new float[] { 1, 1, 1 }));
        },
        static group => group.Dispose());

    [Test]
    [RequiresMlx("export")]
    public void AnExporterSurvivesDisposalDuringACall()
    {
        string file = Path.Combine(Folder, "f.mlxfn");
        using ManualResetEventSlim inside = new();
        FunctionExporter exporter = Mx.Exporter(
            file,
            a =>
            {
                inside.Set();
                Thread.Sleep(20);
                return [a[0] + 1];
            });
        Task disposed = Task.Run(() =>
        {
            inside.Wait(Patience);
            exporter.Dispose();
        });
        exporter.Export(Mx.Ones(3));
        Assert.That(disposed.Wait(Patience));
        Assert.That(() => exporter.Export(Mx.Ones(4)), Throws.TypeOf<ObjectDisposedException>());
        using ImportedFunction f = Mx.ImportFunction(file);
        Assert.That(f.Invoke(Mx.Ones(3))[0].ToArray<float>(), Is.EqualTo(new float[] { 2, 2, 2 }));
    }

    [Test]
    [RequiresMlx("export")]
    public void AnExporterCanBeDisposedInItsOwnFunction()
    {
        string file = Path.Combine(Folder, "f.mlxfn");
        FunctionExporter? exporter = null;
        exporter = Mx.Exporter(
            file,
            a =>
            {
                exporter!.Dispose();
                return [a[0] + 1];
            });
        exporter.Export(Mx.Ones(3));
        using ImportedFunction f = Mx.ImportFunction(file);
        Assert.That(f.Invoke(Mx.Ones(3))[0].ToArray<float>(), Is.EqualTo(new float[] { 2, 2, 2 }));
    }

    [Test]
    public void ACompiledFunctionCanBeDisposedInItsOwnTrace()
    {
        Func<MlxArray, MlxArray>? f = null;
        f = Mx.Compile((MlxArray a) =>
        {
            ((IDisposable)f!.Target!).Dispose();
            return a + 1;
        });
        Assert.That(f(Mx.Ones(1)).Item<float>(), Is.EqualTo(2));
        Assert.That(() => f(Mx.Ones(1)), Throws.TypeOf<ObjectDisposedException>());
    }

    /// <summary>Three threads call until they get an ObjectDisposedException, and nothing else may happen to them.</summary>
    private static void Race<T>(Func<T> make, Action<T> call, Action<T> dispose)
    {
        const int Callers = 3;
        for (int i = 0; i < Rounds; i++)
        {
            T shared = make();
            using CountdownEvent ready = new(Callers);
            Task[] callers = [.. Enumerable.Range(0, Callers).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    call(shared);
                    ready.Signal();
                    Assert.That(
                        () =>
                        {
                            while (true)
                            {
                                call(shared);
                            }
                        },
                        Throws.TypeOf<ObjectDisposedException>());
                },
                TaskCreationOptions.LongRunning))];
            Assert.That(ready.Wait(Patience));
            dispose(shared);
            Assert.That(Task.WaitAll(callers, Patience));
        }
    }
}
