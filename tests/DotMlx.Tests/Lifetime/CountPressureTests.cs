using System.Diagnostics;
using System.Globalization;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Lifetime;

/// <summary>Programs that dispose nothing stay below Metal's limit of buffers.</summary>
public sealed class CountPressureTests
{
    private const int MetalBuffers = 499_000;
    private const int Kept = 300_000;

    /// <summary>The test runs in a separate process whose garbage collector rarely runs on its own.</summary>
    [Test]
    public void FewerArraysWaitForTheCollectorThanMetalHasBuffers()
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(CountPressureTests).Assembly.Location, "forget-arrays");
        start.Environment["DOTNET_GCgen0size"] = "0x40000000";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, () => errors.Result);
        long most = long.Parse(output, CultureInfo.InvariantCulture);
        Assert.That(most, Is.InRange(Kept, MetalBuffers));
    }

    /// <summary>Keeps many arrays, so that the library requests fewer collections, and then drops them and as many more.</summary>
    internal static int ForgetArrays()
    {
        long most = 0;
        List<MlxArray>? kept = [];
        MlxArray one = Mx.Ones(1);
        for (int i = 0; i < 3 * Kept; i++)
        {
            MlxArray made = one.Share();
            if (i < Kept)
            {
                kept!.Add(made);
            }
            else
            {
                kept = null;
            }

            if (i % 1000 == 0)
            {
                (long created, long freed) = ThreadStates.Totals();
                most = Math.Max(most, created - freed);
            }
        }

        Console.Write(most.ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
