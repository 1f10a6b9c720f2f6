namespace DotMlx.Tests.Distributed;

/// <summary>Training by several processes gives the results of one process with the same global batch.</summary>
[RequiresMlx("several processes")]
public class DataParallelTests
{
    private static readonly double Tolerance = DeviceInUse.Tolerance(2e-5);

    private static readonly string[] Kinds = ["adamw", "sgd", "per-array", "clipped", "fsdp", "fully-sharded"];

    [TestCase(2)]
    [TestCase(4)]
    public void RanksAgreeWithOneProcessAndBitForBitWithEachOther(int size)
    {
        using Ring ring = new(size);
        foreach (RankProcesses.Result result in ring.Run("train", Kinds))
        {
            result.AssertSucceeded();
        }

        using DistributedGroup alone = Mx.Distributed.Init();
        foreach (string kind in Kinds)
        {
            byte[] first = File.ReadAllBytes(Path.Combine(ring.Folder, kind + "0.safetensors"));
            for (int rank = 1; rank < size; rank++)
            {
                Assert.That(File.ReadAllBytes(Path.Combine(ring.Folder, $"{kind}{rank}.safetensors")), Is.EqualTo(first),
                    $"{kind}, rank {rank}");
            }

            TreeDictionary trained = TreeDictionary.Load(Path.Combine(ring.Folder, kind + "0.safetensors"));
            foreach ((string path, MlxArray array) in Training.Run(alone, kind is "fsdp" or "fully-sharded" ? "clipped" : kind).Flatten())
            {
                float[] whole = array.ToArray<float>();
                Assert.That(
                    trained.Find(path).Array.ToArray<float>(), Is.EqualTo(whole)
                        .Within(Tolerance * whole.Max(Math.Abs)), $"{kind}, {path}");
            }
        }
    }
}
