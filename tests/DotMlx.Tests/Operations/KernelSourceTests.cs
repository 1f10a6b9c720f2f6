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
    [TestCase("# pragma message(\"5%s\")\n#pragma unroll(9 % 4)", "# pragma message(\"5%/s\")\n#pragma unroll(9 %/**/ 4)")]
    [TestCase("static_assert(N % (2) == 0, \"5%s\"); a = \"%s\";", "static_assert(N %/**/ (2) == 0, \"5%/s\"); a = \"\\045s\";")]
    [TestCase("[[deprecated(\"5%s\")]] int f();", "[[deprecated(\"5%/s\")]] int f();")]
    [TestCase("static_assert(N % 32 == 0); y = x % n;", "static_assert(N %/**/ 32 == 0); y = x %/**/ n;")]
    [TestCase("static_assert(N % (M) == 0);", "static_assert(N %/**/ (M) == 0);")]
    [TestCase("vec<float, N % 4> v; T<(N % (M))> t;", "vec<float, N %/**/ 4> v; T<(N %/**/ (M))> t;")]
    [TestCase("if (i < n % m && p->k > 1) {}", "if (i < n %/**/ m && p->k > 1) {}")]
    [TestCase("b = i < n % p->m; c = i <= n % m > 0;", "b = i < n %/**/ p->m; c = i <= n %/**/ m > 0;")]
    [TestCase("for (i = 0; i < n % m; i++) s += (1 << n % m) > 2;", "for (i = 0; i < n %/**/ m; i++) s += (1 << n %/**/ m) > 2;")]
    [TestCase("y = f<3>(x[i] % n) > 1 ? a : b;", "y = f<3>(x[i] %/**/ n) > 1 ? a : b;")]
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
    [TestCase("template <int N> void f(A<N % sizeof(int)> x) {}", "In template arguments, a compiler error may repeat '%'")]
    [TestCase("A<B<const T&, N % s>> x;", "Put its right side into parentheses: 'a % (b)'")]
    [TestCase("A<(i < N % s), f(3)> x;", "In template arguments")]
    [TestCase("T operator % (T s) const;", "A compiler error may name 'operator%'")]
    [TestCase("log(R\"(5%s)\");", "A raw string holds '%'")]
    public void UnsafeKernelSourcesAreRejectedWithAdvice(string source, string message) =>
        Assert.That(() => KernelSource.Write(source, "source", ascii: true), Throws.ArgumentException.With.Message.Contains(message));

    // Clang compiles Metal's and CUDA's kernels; what it repeats in its own form is written as the exception advises.
    [TestCase("template <int N> struct A {}; template <int N> void f(A<N % (sizeof(int))> x) {} int main() { f<3>(4); }")]
    [TestCase("template <int N> struct A {}; template <int N, int s> void f(A<(N % (s))> x) {} int main() { f<3, 2>(4); }")]
    [TestCase("template <int N, int s> void f() { static_assert(N % (s) == 0, \"5%s\"); } int main() { f<3, 2>(); }")]
    [TestCase("template <typename T, int s> void f(T x) { x.g(x % s, 3 % s); } int main() { f<int, 2>(4); }")]
    [TestCase("[[deprecated(\"5%s\")]] int f(); [[nodiscard(\"%n\")]] int g(); int main() { g(); return f() + nothing; }")]
    [TestCase("#pragma message(\"%s\")\n#pragma GCC warning \"%n\"\n#warning %s\n#error %n")]
    [TestCase("#define MOD(a, s) a % s\nint main() { int s = 3, *p = &s; return MOD(s, p) + MOD(p, s) + MOD(s, nothing); }")]
    [TestCase("struct S {}; int main() { S s; int n = 7 % s; s %= n; /* %n */ return n %s +nothing; } // 5%s")]
    [TestCase("constexpr int f(int n, int s) { return n % s; } constexpr int x = f(1, 0); int a[1 % f(1, 1) - 1], b[f(1, 0)];")]
    [TestCase("int main() { const char* s = \"%s\"; switch (7) { case 7 % 4: case 3: s.x(\"%d %n\"); } }")]
    public void AnErrorOfClangHoldsNoConversion(string source)
    {
        string kernel = KernelSource.Write(source, "source", ascii: true);
        string errors = Errors("clang++", "-std=c++17", "-Wall", "-fsyntax-only", "-x", "c++", "-", kernel);
        Assert.That(errors, Does.Contain("error"));
        Assert.That(errors, Does.Not.Match("%[-+ #0'0-9.*$]*(hh|h|ll|l|q|j|z|t|L)?[a-zA-Z]"));
    }

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

    /// <summary>What a program that fails writes about its input, the last argument.</summary>
    private static string Errors(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments[..^1]) { RedirectStandardInput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Write(arguments[^1]);
            process.StandardInput.Close();
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Not.Zero);
            return errors;
        }
        catch (Win32Exception)
        {
            Assert.Ignore($"No {program} is here.");
            throw;
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
