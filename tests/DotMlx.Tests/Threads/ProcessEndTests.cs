using System.Diagnostics;
using System.Runtime.InteropServices;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Threads;

/// <summary>A process ends with its own exit code, whatever the library does in the meantime.</summary>
public sealed partial class ProcessEndTests
{
    private const int Terminated = 15;
    private const int AbortedCode = 128 + 6;
    private const int TerminatedCode = 128 + Terminated;

    // A limit for failing tests, which would hang.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory().FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test, Combinatorial]
    public void TheExitCodeIsTheProgramsOwn(
        [ValueSource(typeof(EndingProgram), nameof(EndingProgram.Works))] string work,
        [ValueSource(typeof(EndingProgram), nameof(EndingProgram.Ends))] string end) => Check(work, end);

    [Test, Combinatorial]
    public void TheExitCodeIsTheProgramsOwnWhenOneThreadEvaluates(
        [Values("evaluate", "long", "await", "save")] string work, [Values("return", "save-then-return")] string end) =>
        Check(work, end, isBound: true);

    [Test, Combinatorial, Explicit("takes minutes")]
    public void TheExitCodeIsTheProgramsOwnTwentyTimes(
        [ValueSource(typeof(EndingProgram), nameof(EndingProgram.Works))] string work,
        [ValueSource(typeof(EndingProgram), nameof(EndingProgram.Ends))] string end)
    {
        for (int i = 0; i < 20; i++)
        {
            Check(work, end);
        }
    }

    private void Check(string work, string end, bool isBound = false)
    {
        if (OperatingSystem.IsWindows() && end is "terminate" or "throw")
        {
            Assert.Ignore("Windows has other codes and no signals.");
        }

        ProcessStartInfo start = OwnProgram.Start(
            typeof(ProcessEndTests).Assembly.Location, "end", work, end, _folder, isBound.ToString());
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Assert.That(process.StandardOutput.ReadLine(), Is.EqualTo(EndingProgram.Ready), () => errors.Result);
        if (end == "terminate")
        {
            Assert.That(Kill(process.Id, Terminated), Is.Zero);
        }

        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            Assert.Fail($"The process did not end: {errors.Result}");
        }

        int expected = end switch { "throw" => AbortedCode, "terminate" => TerminatedCode, _ => EndingProgram.ExitCode };
        Assert.That(process.ExitCode, Is.EqualTo(expected), () => errors.Result);
        if (end == "save-then-return")
        {
            using ArrayFile saved = Mx.Load(Path.Combine(_folder, "last.npy"));
            Assert.That(saved.Array.ToArray<float>(), Is.All.EqualTo(2f));
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
