using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using DotMlx.Bindings;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Operations;

/// <summary>
/// The changes to a kernel's source before MLX gets it. The compiler's errors quote it, and mlx-c uses them as printf formats.
/// </summary>
public unsafe class KernelSourceTests
{
    [TestCase("y[i] = x[i] % n;", "y[i] = x[i] %/**/ n;")]
    [TestCase("y[i]%=n; z = a%(b);", "y[i]%=n; z = a%(b);")]
    [TestCase("int a<:2:> = <%1, 2%>;", "int a<:2:> = <%/**/1, 2%>;")]
    [TestCase("#define MOD(a, b) \\\n  ((a) % b)\n", "#define MOD(a, b) \\\n  ((a) %/**/ b)\n")]
    [TestCase("// half: 50% of n\nx", "// half: 50%/ of n\nx")]
    [TestCase("// goes \\\n on: 5%s\nx % n", "// goes \\\n on: 5%/s\nx %/**/ n")]
    [TestCase("/* 5%s */ x % n", "/* 5%/s */ x %/**/ n")]
    [TestCase("log(\"%s\\\\\", x % n)", "log(\"\\045s\\\\\", x %/**/ n)")]
    [TestCase("log(\"a\\\"%s\", '%')", "log(\"a\\\"\\045s\", '\\045')")]
    [TestCase("y = 1'000 % n + 0xF'F % 's';", "y = 1'000 %/**/ n + 0xF'F %/**/ 's';")]
    [TestCase("#error 5 %s\nx % n", "#error 5 %/s\nx %/**/ n")]
    [TestCase("static_assert(N % 32 == 0); y = x % n;", "static_assert(N %/**/ 32 == 0); y = x %/**/ n;")]
    [TestCase("static_assert(N % (M) == 0);", "static_assert(N %/**/ (M) == 0);")]
    [TestCase("x % ", "x %/**/ ")]
    [TestCase("\"open % n", "\"open \\045 n")]
    [TestCase("/* open % n", "/* open %/ n")]
    [TestCase("no change\tat all 'x' \"y\"", "no change\tat all 'x' \"y\"")]
    public void APercentSignNeverBeginsAConversion(string source, string expected) =>
        Assert.That(KernelSource.Write(source, "source", ascii: true), Is.EqualTo(expected));

    [TestCase("// Größe 😀\nx", "// Gr??e ??\nx")]
    [TestCase("/* Größe */ x", "/* Gr??e */ x")]
    [TestCase("log(\"é7\")", "log(\"\\303\\2517\")")]
    public void MetalGetsAsciiSource(string source, string expected)
    {
        Assert.That(KernelSource.Write(source, "source", ascii: true), Is.EqualTo(expected));
        Assert.That(KernelSource.Write(source, "source", ascii: false), Is.EqualTo(source), "CUDA reads UTF-8");
    }

    [TestCase("float größe = 1;", "Line 1 of the kernel's source: The character 'ö' is outside comments and strings")]
    [TestCase("float a;\nfloat 😀;", "Line 2 of the kernel's source: The character '😀'")]
    [TestCase("a;\nstatic_assert(N % simd == 0);", "Line 2 of the kernel's source: In a condition such as that of static_assert")]
    [TestCase("template <int N, typename = enable_if_t<(N % s) == 0>> void f() {}", "'a % (b)'")]
    [TestCase("log(R\"(5%s)\");", "A raw string holds '%'")]
    public void UnsafeKernelSourcesAreRejectedWithAdvice(string source, string message) =>
        Assert.That(() => KernelSource.Write(source, "source", ascii: true), Throws.ArgumentException.With.Message.Contains(message));

    [Test]
    public void BothKindsOfKernelsCheckTheirSourceAndNames()
    {
        Assert.That(() => Mx.Fast.MetalKernel("k", ["x"], ["y"], "float größe;"), Throws.ArgumentException.With.Message.Contains("ASCII"));
        Assert.That(() => Mx.Fast.MetalKernel("k", ["x"], ["y"], "", header: "float größe;"),
            Throws.ArgumentException.With.Message.Contains("kernel's header"));
        Assert.That(() => Mx.Fast.MetalKernel("größe", ["x"], ["y"], ""), Throws.ArgumentException.With.Message.Contains("ASCII"));
        Assert.That(() => Mx.Fast.MetalKernel("k", ["größe"], ["y"], ""), Throws.ArgumentException.With.Message.Contains("ASCII"));
        Assert.That(() => Mx.Fast.CudaKernel("k", ["x"], ["y"], "static_assert(N % s == 0);"),
            Throws.ArgumentException.With.Message.Contains("parentheses"));
    }

    [Test]
    [RequiresMlx("its errors do not go through mlx-c's printf")]
    public void AnErrorThatQuotesTheSourceArrives()
    {
        const string Source = """
            // 100%s sure, 5%n
            uint i = thread_position_in_grid.x;
            y[i] = x[i] % n + x[i]%s % *p;
            os_log_default.log("%s and %n", x[i] %nn);
            """;
        string quoted = $"[metal::Device] Unable to build metal library from source\nprogram_source:3:5: error: use of undeclared "
            + $"identifier 'n'\n{KernelSource.Write(Source, "source", ascii: true)}";
        nint library = NativeLibrary.Load(MlxLibrary.Path);
        try
        {
            var report = (delegate* unmanaged[Cdecl]<byte*, int, byte*, void>)NativeLibrary.GetExport(library, "_mlx_error");
            byte* text = (byte*)Marshal.StringToCoTaskMemUTF8(quoted);
            fixed (byte* file = "fast.cpp\0"u8)
            {
                report(file, 1, text);
            }

            Marshal.FreeCoTaskMem((nint)text);
            string message = MlxError.TakeMessage()!;

            // glibc prints an invalid conversion unchanged, and Apple's printf prints it without the percent sign.
            Assert.That(message, OperatingSystem.IsMacOS() ? Does.Contain("undeclared identifier 'n'\n// 100") : Does.StartWith(quoted));
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    [Test]
    public void TheCompilerSeesTheSameProgram()
    {
        const string Source = """
            #include <cstdio>
            #define MOD(a, b) ((a) %b)
            static_assert(7 % (4) == 3, "5% off");
            int main() {
              int x = 1'017, n = 10, *p = &n; // 50% of it
              x %= 1000; /* 5%n */
              std::printf("%d %d %d%%\n", x %n, MOD(x, 7) % *p, x % n % 4 * 2);
              return '%' == 37 ? 0 : 1;
            }
            """;
        Assert.That(Output(KernelSource.Write(Source, "source", ascii: true)), Is.EqualTo(Output(Source)).And.EqualTo("7 3 6%\n"));
    }

    private static string Output(string source)
    {
        string folder = Directory.CreateTempSubdirectory("dotmlx-kernel-").FullName;
        try
        {
            string code = Path.Combine(folder, "program.cpp"), program = Path.Combine(folder, "program");
            File.WriteAllText(code, source);
            _ = Run("c++", "-std=c++17", "-o", program, code);
            return OwnProgram.IsEmulated ? Run(OwnProgram.Emulator!, program) : Run(program);
        }
        catch (Win32Exception)
        {
            Assert.Ignore("No C++ compiler (c++) is here.");
            throw;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, program);
        return output;
    }
}
