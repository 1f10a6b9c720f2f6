using System.Runtime.InteropServices;

namespace DotMlx.Tests.Threads;

/// <summary>A program that ends in one of several ways while the library works in the background.</summary>
internal static class EndingProgram
{
    internal const int ExitCode = 7;
    internal const string Ready = "ready";

    internal static readonly string[] Works = ["evaluate", "long", "build", "dispose", "await", "start", "save", "nothing"];
    internal static readonly string[] Ends = ["return", "exit", "throw", "terminate", "save-then-return"];

    /// <param name="work">One of <see cref="Works"/>.</param>
    /// <param name="end">One of <see cref="Ends"/>.</param>
    /// <param name="folder">Where files are written.</param>
    /// <param name="isBound">Whether one thread evaluates, as on a GPU.</param>
    internal static int Run(string work, string end, string folder, bool isBound)
    {
        Streams.BoundToThread |= isBound;
        if (end == "save-then-return")
        {
            // A handler of the program that runs after the library's may still use the library.
            _ = Mx.Zeros(1);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Mx.Save(Path.Combine(folder, "last.npy"), Mx.Ones(3) + 1);
        }

        Begin(work, folder);
        Console.WriteLine(Ready);
        switch (end)
        {
            case "exit":
                Environment.Exit(ExitCode);
                break;
            case "throw":
                throw new InvalidOperationException("meant to end the process");
            case "terminate":
                Thread.Sleep(Timeout.Infinite);
                break;
            default:
                break;
        }

        return ExitCode;
    }

    /// <summary>The entry point for a native host, which passes the work and a folder, separated by a line break.</summary>
    [UnmanagedCallersOnly]
    internal static int RunInNativeHost(nint text, int length)
    {
        string[] arguments = Marshal.PtrToStringUTF8(text, length).Split('\n');
        Begin(arguments[0], arguments.ElementAtOrDefault(1) ?? "");
        return 0;
    }

    /// <summary>Tells a native host whether evaluations have ended.</summary>
    [UnmanagedCallersOnly]
    internal static int IsClosed(nint unused, int length) => ProcessEnd.IsClosed ? 1 : 0;

    private static void Begin(string work, string folder)
    {
        MlxArray a = Mx.Random.Normal([200, 200]);
        a.Eval();
        switch (work)
        {
            case "evaluate":
                Repeat(() => Mx.Eval(Mx.MatMul(a, a)));
                break;
            case "long":
                Repeat(() =>
                {
                    MlxArray product = a;
                    for (int i = 0; i < 20_000; i++)
                    {
                        product = Mx.Tanh(Mx.MatMul(product, a));
                    }

                    Mx.Eval(product);
                });
                break;
            case "build":
                Repeat(() => Mx.Softmax(Mx.MatMul(a, a)).Sum());
                break;
            case "dispose":
                Repeat(() => Mx.Exp(a).Dispose());
                break;
            case "await":
                for (int i = 0; i < 200; i++)
                {
                    _ = Mx.MatMul(a, a).EvalAsync();
                }

                break;
            case "start":
                for (int i = 0; i < 200; i++)
                {
                    _ = Mx.EvalAsync(Mx.MatMul(a, a));
                }

                break;
            case "product":
                for (int i = 0; i < 10; i++)
                {
                    Mx.MatMul(a, a).Eval();
                }

                break;
            case "save":
                Repeat(() => Mx.Save(Path.Combine(folder, "a.npy"), Mx.MatMul(a, a)));
                break;
            default:
                break;
        }

        Thread.Sleep(50);
    }

    private static void Repeat(Action action)
    {
        for (int i = 0; i < 2; i++)
        {
            new Thread(() =>
            {
                while (true)
                {
                    action();
                }
            }) { IsBackground = true }.Start();
        }
    }
}
