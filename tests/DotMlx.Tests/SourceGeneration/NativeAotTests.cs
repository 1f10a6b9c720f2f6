using System.Diagnostics;
using System.Runtime.InteropServices;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.SourceGeneration;

/// <summary>Publishes the program of tests/DotMlx.AotTests with NativeAOT and runs it. Takes a minute.</summary>
[Category("Slow")]
[NonParallelizable]
public class NativeAotTests
{
    [Test]
    public void ANativelyCompiledModelTrainsAndNoWarningIsGiven()
    {
        string project = Path.Combine(RepositoryRoot(), "tests", "DotMlx.AotTests");
        string output = Directory.CreateTempSubdirectory("dotmlx-aot-").FullName;
        try
        {
            // A restore for one platform would write that platform into the committed lock files of the referenced projects.
            (int code, string text) = Run(
                "dotnet", "publish", project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", output,
                "--nologo", "-v", "q",
                "-p:NuGetLockFilePath=obj/aot.lock.json");
            Assert.That(code, Is.Zero, text);
            Assert.That(text, Does.Not.Contain("warning"), text);

            string program = Path.Combine(output, OperatingSystem.IsWindows() ? "DotMlx.AotTests.exe" : "DotMlx.AotTests");
            (code, text) = OwnProgram.IsEmulated ? Run(OwnProgram.Emulator!, program) : Run(program);
            Assert.That(code, Is.Zero, text);
            Assert.That(text, Does.StartWith("OK"));
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static string RepositoryRoot()
    {
        if (Checkout.Folder is null)
        {
            Assert.Ignore("The tests do not run inside the repository.");
        }
        return Checkout.Root;
    }

    private static (int Code, string Text) Run(string file, params string[] arguments)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTMLX_LIBRARY"] = MlxLibrary.Path;
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, text);
    }
}
