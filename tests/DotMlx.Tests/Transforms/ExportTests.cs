using System.Diagnostics;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Transforms;

[TestFixture]
[RequiresMlx("export")]
public class ExportTests : FolderTests
{
    private static readonly float[] Expected = [24, 84];

    [TestCase("f.mlxfn")]
    [TestCase("100%s%n.mlxfn")]
    public void AFunctionSurvivesItsFile(string name)
    {
        string path = Path.Combine(Folder, name);
        using MlxArray constant = MlxArray.Create<float>([10, 20], 2);
        using MlxArray x = MlxArray.Create<float>([1, 2], 2);
        Mx.ExportFunction(path, a => [Mx.Exp(a[0]) + constant, a[0] * 2], [x]);
        using ImportedFunction f = Mx.ImportFunction(path);
        MlxArray[] results = f.Invoke(x);
        Golden.AssertClose(results[0], Mx.Exp(x) + constant);
        Golden.AssertClose(results[1], x * 2);
        using MlxArray other = MlxArray.Create<float>([1], 1);
        Assert.That(() => f.Invoke(other), Throws.TypeOf<MlxException>());
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task ConstantsAreComputedOnAnyThread()
    {
        string path = ExportWithConstants();
        using MlxArray x = MlxArray.Create<float>([1, 2], 2);
        ImportedFunction? f = null;
        MlxArray[] results = [];
        RunOnItsOwnThread(() => f = Mx.ImportFunction(path));
        RunOnItsOwnThread(() => results = f!.Invoke(x));
        await results[0].EvalAsync();
        Assert.That(results[0].ToArray<float>(), Is.EqualTo(Expected));
        Assert.That(f!.Invoke(x)[0].ToArray<float>(), Is.EqualTo(Expected));
        f.Dispose();
    }

    [Test]
    public void ImportingMayBeTheFirstUseOfMLX()
    {
        using Process child = Process.Start(OwnProgram.Start(typeof(ExportTests).Assembly.Location, "import", ExportWithConstants()))!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.That(child.ExitCode, Is.Zero, errors.Result);
    }

    /// <summary>The child process imports the function before it uses MLX in any other way.</summary>
    internal static int ImportFirst(string path)
    {
        using ImportedFunction f = Mx.ImportFunction(path);
        float[] values = [];
        RunOnItsOwnThread(() => values = f.Invoke(MlxArray.Create<float>([1, 2], 2))[0].ToArray<float>());
        return values.SequenceEqual(Expected) ? 0 : 1;
    }

    [Test]
    public void ExportedFunctionsAcceptSeveralShapesOrAnyShape()
    {
        string path = Path.Combine(Folder, "f.mlxfn");
        using MlxArray one = Mx.Ones(1);
        using MlxArray two = Mx.Ones(2);
        using (FunctionExporter exporter = Mx.Exporter(path, a => [a[0] + 1]))
        {
            exporter.Export(one);
            exporter.Export(two);
            Assert.That(() => exporter.Export(two), Throws.TypeOf<MlxException>());
            Assert.That(File.Exists(path), Is.False);
        }

        using (ImportedFunction f = Mx.ImportFunction(path))
        {
            Assert.That(f.Invoke(two)[0].ToArray<float>(), Is.EqualTo(new float[] { 2, 2 }));
        }

        Mx.ExportFunction(path, a => [a[0] + 1], [one], shapeless: true);
        using ImportedFunction any = Mx.ImportFunction(path);
        Assert.That(any.Invoke(Mx.Ones(5))[0].Size, Is.EqualTo(5));
    }

    [Test]
    public void ExportedFunctionsAcceptNamedArguments()
    {
        string path = Path.Combine(Folder, "f.mlxfn");
        using MlxArray x = MlxArray.Create<float>([1, 2], 2);
        using MlxArray y = MlxArray.Create<float>([10, 20], 2);
        Dictionary<string, MlxArray> named = new() { ["y"] = y };
        Mx.ExportFunction(path, (a, k) => [a[0] - k["y"]], [x], named);
        using ImportedFunction f = Mx.ImportFunction(path);
        Assert.That(f.Invoke([x], named)[0].ToArray<float>(), Is.EqualTo(new float[] { -9, -18 }));
        Assert.That(() => f.Invoke([x], new Dictionary<string, MlxArray> { ["%n"] = y }), Throws.ArgumentException);
    }

    [Test]
    [RequiresMlx("vmap")]
    public void ImportedFunctionsAreVectorizedWithArgumentsThatAreNotMapped()
    {
        string path = Path.Combine(Folder, "f.mlxfn");
        MlxArray shared = MlxArray.Create<float>([1, 2, 3]), rows = MlxArray.Create<float>([1, 0, 3, 4, 2, 0], 2, 3);
        Mx.ExportFunction(path, (a, k) => [Mx.NotEqual(a[0], k["y"])], [shared], new Dictionary<string, MlxArray> { ["y"] = shared });
        using ImportedFunction f = Mx.ImportFunction(path);
        MlxArray Call(MlxArray x, MlxArray y) => f.Invoke([x], new Dictionary<string, MlxArray> { ["y"] = y })[0];
        MlxArray expected = Mx.Stack([Call(shared, rows[0]), Call(shared, rows[1])]);
        foreach (MlxArray mapped in (MlxArray[])
            [Mx.Vmap((MlxArray row) => Call(shared, row))(rows), Mx.Vmap((MlxArray row) => Call(row, shared))(rows)])
        {
            Assert.That(mapped.Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
            Assert.That(mapped.ToArray<bool>(), Is.EqualTo(expected.ToArray<bool>()));
        }
    }

    [TestCase("hello world, this is no function")]
    [TestCase("")]
    [TestCase("xyz")]
    public void OtherFilesAreNotImported(string content)
    {
        string path = Path.Combine(Folder, "f.mlxfn");
        File.WriteAllText(path, content);
        InvalidDataException? error = Assert.Throws<InvalidDataException>(() => Mx.ImportFunction(path));
        Assert.That(error!.Message, Does.Contain(path).And.Not.Contain("std::").And.Not.Contain("[read]"));
    }

    [Test]
    public void FailuresLeaveNoFile()
    {
        string path = Path.Combine(Folder, "f%s.mlxfn");
        using MlxArray x = Mx.Ones(1);
        Assert.That(() => Mx.ExportFunction(path, _ => throw new FormatException("x"), [x]), Throws.TypeOf<FormatException>());
        Assert.That(() => Mx.ExportFunction(path, (_, _) => throw new FormatException("x"), [x], new Dictionary<string, MlxArray>()),
            Throws.TypeOf<FormatException>());
        Assert.That(Directory.GetFiles(Folder), Is.Empty);
        Assert.That(() => Mx.ImportFunction(path), Throws.TypeOf<FileNotFoundException>());
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.That(() => Mx.ImportFunction(path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("f%s"));
    }

    [Test]
    [RequiresNewerMlxc("it draws no graphs")]
    public void AGraphIsWrittenAsDot()
    {
        using MlxArray x = Mx.Ones(1);
        using MlxArray y = Mx.Exp(x + 1);
        using StringWriter writer = new();
        Mx.ExportToDot(writer, [y], new Dictionary<string, MlxArray> { ["the input"] = x });
        Assert.That(writer.ToString(), Does.Contain("digraph").And.Contain("the input").And.Contain("Exp"));
        string path = Path.Combine(Folder, "graph%s.dot");
        Mx.ExportToDot(path, [y]);
        Assert.That(File.ReadAllText(path), Does.Contain("Exp"));
    }

    // Three constants: one with a value, one that must be computed, and one that is broadcast.
    private string ExportWithConstants()
    {
        string path = Path.Combine(Folder, "constants.mlxfn");
        using MlxArray weights = MlxArray.Create<float>([10, 20], 2);
        using MlxArray x = MlxArray.Create<float>([1, 2], 2);
        Mx.ExportFunction(path, a => [((a[0] * weights) + Mx.Sum(Mx.Ones(2))) * 2f], [x]);
        return path;
    }

    private static void RunOnItsOwnThread(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }
}
