namespace DotMlx.Tool.Tests;

/// <summary>A distributed program for the launcher: every rank gives its number and one, and all must get the same sum.</summary>
internal static class Program
{
    /// <summary>What a rank exits with that fails on purpose.</summary>
    internal const int Failure = 5;

    /// <param name="arguments">
    /// The backend, "ring" if there is none; and <c>fail</c>, for the last rank to leave the others waiting.
    /// </param>
    private static int Main(string[] arguments)
    {
        using DistributedGroup group = Mx.Distributed.Init(strict: true, backend: arguments.FirstOrDefault("ring"));
        if (arguments.Contains("fail") && group.Rank == group.Size - 1)
        {
            return Failure;
        }

        MlxArray sum = Mx.Distributed.AllSum(MlxArray.Create<float>([group.Rank + 1f], 1), group);
        Console.WriteLine($"rank {group.Rank} of {group.Size}: sum {sum.ToArray<float>()[0]}");
        return 0;
    }
}
