namespace DotMlx.Tool.Tests;

/// <summary>A distributed program for the launcher: every rank gives its number and one, and all must get the same sum.</summary>
internal static class Program
{
    private static int Main()
    {
        using DistributedGroup group = Mx.Distributed.Init(strict: true, backend: "ring");
        MlxArray sum = Mx.Distributed.AllSum(MlxArray.Create<float>([group.Rank + 1f], 1), group);
        Console.WriteLine($"rank {group.Rank} of {group.Size}: sum {sum.ToArray<float>()[0]}");
        return 0;
    }
}
