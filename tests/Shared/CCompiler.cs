using System.ComponentModel;
using System.Diagnostics;

namespace DotMlx.Tests.Shared;

/// <summary>The machine's C compiler, for tests that need a small library or program.</summary>
internal static class CCompiler
{
    /// <summary>Compiles C code; without a compiler, the calling test is ignored.</summary>
    /// <param name="source">The code, which is written to a file next to the output.</param>
    /// <param name="output">The library or program to write.</param>
    /// <param name="options">Further options, in their order after the code.</param>
    internal static void Compile(string source, string output, params string[] options)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("The code is compiled with cc, which Windows does not have.");
        }

        string code = output + ".c";
        File.WriteAllText(code, source);
        try
        {
            using Process compiler =
                Process.Start(new ProcessStartInfo("cc", ["-w", "-o", output, code, .. options]) { RedirectStandardError = true })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.That(compiler.ExitCode, Is.Zero, errors);
        }
        catch (Win32Exception)
        {
            Assert.Ignore("No C compiler (cc) here.");
        }
    }
}
