using BenchmarkDotNet.Attributes;
using DotMlx.Data;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;
using SkiaSharp;

namespace DotMlx.Benchmarks;

/// <summary>Measures how much image decoding prefetching hides behind the training.</summary>
[BenchmarkCategory("data")]
public class PrefetchBenchmarks
{
    private const int Images = 128;
    private const int Side = 256;
    private const int BatchSize = 16;
    private const int Step = 8;
    private const int Features = Side / Step * (Side / Step) * 3;
    private const int Hidden = 768;

    private string _folder = "";
    private Dataset<MlxArray[]> _batches = Dataset.FromArrays(Mx.Zeros(1));
    private TrainingStep? _step;

    [GlobalSetup]
    public void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("dotmlx-prefetch-").FullName;
        var random = new Random(1);
        for (int i = 0; i < Images; i++)
        {
            WriteImage(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, $"{i % 2}")).FullName, $"{i}.png"), random);
        }

        _batches = ImageFolder.Open(_folder, Side, Side).Examples.Shuffle(1).Batch(BatchSize, dropLast: true);
        var model = new Sequential(new Linear(Features, Hidden), new ReLU(), new Linear(Hidden, 2));
        _step = TrainingStep.Create(
            model, new SGD(1e-4),
            (x, y) => Losses.CrossEntropy(
                model.Forward(Augment.Normalize(Shrink(x), [0.5f], [0.5f]).Reshape(-1, Features)), y, reduction: Reduction.Mean),
            new() { Compiled = false });
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _step?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Decoding alone.</summary>
    [Benchmark]
    public int Decode() => _batches.Count(batch => Computed(batch));

    /// <summary>Decodes and trains in turn, on one thread.</summary>
    [Benchmark(Baseline = true)]
    public float Alternately() => Train(_batches);

    /// <summary>Decodes on another thread while this thread trains.</summary>
    [Benchmark]
    public float Prefetched() => Train(_batches.Prefetch(2));

    private static bool Computed(MlxArray[] batch)
    {
        Mx.Eval(batch);
        return true;
    }

    // Small enough that a step takes about as long as decoding its batch; otherwise, there is little to hide.
    private static MlxArray Shrink(MlxArray x)
    {
        MlxArray pixels = Mx.Arange(0, Side, Step);
        return Mx.Take(Mx.Take(x, pixels, axis: 1), pixels, axis: 2);
    }

    private float Train(Dataset<MlxArray[]> data)
    {
        float loss = 0;
        foreach (MlxArray[] batch in data)
        {
            loss = _step!.Run(batch);
        }

        return loss;
    }

    private static void WriteImage(string path, Random random)
    {
        byte[] pixels = new byte[Side * Side * 4];
        random.NextBytes(pixels);
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using SKData encoded = image.Encode(SKEncodedImageFormat.Png, 100);
        using FileStream file = File.Create(path);
        encoded.SaveTo(file);
    }
}
