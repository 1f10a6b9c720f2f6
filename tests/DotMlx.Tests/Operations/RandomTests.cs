using System.Text.Json;

namespace DotMlx.Tests.Operations;

/// <summary>The figures of golden/random.json, and the behavior of the state.</summary>
public class RandomTests
{
    private static readonly JsonElement Cases = Golden.Load("random.json").GetProperty("cases");

    private static IEnumerable<TestCaseData> Keyed() => Cases.EnumerateArray()
        .Select((test, index) => (test, index))
        .Where(pair => pair.test.GetProperty("fn").GetString() != "global_sequence")
        .Select(pair => new TestCaseData(pair.index).SetArgDisplayNames($"{pair.index:00} {pair.test.GetProperty("fn").GetString()}"));

    [TestCaseSource(nameof(Keyed))]
    public void DrawsFromAKeyMatchMlx(int index)
    {
        JsonElement test = Cases[index];
        JsonElement arguments = test.GetProperty("kwargs");
        if (LibraryInUse.IsReference && test.GetProperty("fn").GetString() == "multivariate_normal")
        {
            Assert.Ignore("Needs MLX: the reference library has no singular values.");
        }

        if (LibraryInUse.IsMlxSince("0.32") && test.GetProperty("fn").GetString() == "categorical"
            && arguments.GetProperty("logits").GetProperty("shape").EnumerateArray().SkipLast(1).All(size => size.GetInt32() == 1))
        {
            Assert.Ignore("MLX 0.32 draws from a single row of logits by another method; the figure is 0.31.2's.");
        }

        using HandleCount handles = HandleCount.NoneLeft();
        using MlxArray key = Mx.Random.Key(test.TryGetProperty("key_seed", out JsonElement seed) ? seed.GetUInt64() : 0);
        using MlxArray actual = Draw(test.GetProperty("fn").GetString()!, arguments, key);
        Golden.AssertClose(actual, test.GetProperty("out"), 1e-6);
    }

    [Test]
    public void ASeededSequenceMatchesMlx()
    {
        JsonElement test = Cases.EnumerateArray().Single(item => item.GetProperty("fn").GetString() == "global_sequence");
        Mx.Random.Seed(test.GetProperty("kwargs").GetProperty("seed").GetUInt64());
        using MlxArray first = Mx.Random.Uniform(shape: [3]);
        using MlxArray second = Mx.Random.Normal([2]);
        using MlxArray third = Mx.Random.Uniform(shape: [2, 2]);
        Golden.AssertClose(first, test.GetProperty("out")[0], 1e-6);
        Golden.AssertClose(second, test.GetProperty("out")[1], 1e-6);
        Golden.AssertClose(third, test.GetProperty("out")[2], 1e-6);
    }

    [Test]
    public async Task EachFlowHasItsOwnSequence()
    {
        static async Task<float[]> Draw(ulong seed)
        {
            Mx.Random.Seed(seed);
            float[] numbers = new float[4];
            for (int i = 0; i < numbers.Length; i++)
            {
                await Task.Yield();
                using MlxArray number = Mx.Random.Uniform();
                numbers[i] = number.Item<float>();
            }

            return numbers;
        }

        float[] alone = await Draw(5);
        float[][] together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Draw(5))));
        Assert.That(together, Has.All.EqualTo(alone));
    }

    [Test]
    public void TheStateIsCapturedAndRestored()
    {
        Mx.Random.Seed(3);
        Tree before = Mx.Random.State.CaptureState();
        using MlxArray first = Mx.Random.Uniform(shape: [8]);
        using MlxArray other = Mx.Random.Uniform(shape: [8]);
        Mx.Random.State.RestoreState(before);
        using MlxArray again = Mx.Random.Uniform(shape: [8]);
        Assert.That(again.ToArray<float>(), Is.EqualTo(first.ToArray<float>()));
        Assert.That(other.ToArray<float>(), Is.Not.EqualTo(first.ToArray<float>()));
        Assert.That(() => Mx.Random.State.RestoreState(new TreeList()), Throws.ArgumentException);
        Assert.That(() => Mx.Random.State.Key = Mx.Zeros(2), Throws.ArgumentException.With.Message.Contains("uint32"));
        before[0].Array.Dispose();
    }

    [Test]
    public void TheStateOutlivesAScope()
    {
        Mx.Random.Seed(1);
        using (MlxScope.Begin())
        {
            Mx.Random.Uniform(shape: [2]);
        }

        using MlxArray next = Mx.Random.Uniform(shape: [2]);
        Assert.That(next.Shape.ToArray(), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void WrongArgumentsAreRejected()
    {
        using MlxArray key = Mx.Random.Key(0);
        using MlxArray wrong = Mx.Zeros(3);
        Assert.That(() => Mx.Random.Categorical(wrong, shape: [2], numSamples: 3), Throws.ArgumentException);
        Assert.That(() => Mx.Random.Uniform(dtype: DType.Int32), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Random.Split(wrong), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Random.Uniform(key: wrong), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Random.RandInt(0, 3, dtype: DType.Float32, key: key), Throws.TypeOf<MlxException>());
    }

    private static MlxArray Draw(string function, JsonElement a, MlxArray key)
    {
        int[] shape = a.TryGetProperty("shape", out JsonElement sizes) ? GoldenCall.Ints(sizes) : [];
        MlxArray? Number(string name) => a.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : (MlxArray?)null;
        switch (function)
        {
            case "key":
                return Mx.Random.Key(a.GetProperty("seed").GetUInt64());
            case "split":
                return Mx.Random.Split(key, a.GetProperty("num").GetInt32());
            case "uniform":
                return Mx.Random.Uniform(Number("low"), Number("high"), shape, key: key);
            case "normal":
                return Mx.Random.Normal(shape, loc: Number("loc"), scale: Number("scale"), key: key);
            case "randint":
                return Mx.Random.RandInt(a.GetProperty("low").GetInt32(), a.GetProperty("high").GetInt32(), shape, key: key);
            case "bernoulli":
                return Mx.Random.Bernoulli(Number("p"), shape, key);
            case "truncated_normal":
                return Mx.Random.TruncatedNormal(Number("lower")!, Number("upper")!, shape, key: key);
            case "gumbel":
                return Mx.Random.Gumbel(shape, key: key);
            case "laplace":
                return Mx.Random.Laplace(shape, key: key);
            case "permutation":
                return Mx.Random.Permutation(a.GetProperty("x").GetInt32(), key);
            case "categorical":
            {
                using MlxArray logits = Golden.Array(a.GetProperty("logits"));
                return Mx.Random.Categorical(
                    logits, numSamples: a.TryGetProperty("num_samples", out JsonElement count) ? count.GetInt32() : null, key: key);
            }

            case "multivariate_normal":
            {
                using MlxArray mean = Golden.Array(a.GetProperty("mean"));
                using MlxArray covariance = Golden.Array(a.GetProperty("cov"));
                return Mx.Random.MultivariateNormal(mean, covariance, shape, key: key, stream: DeviceType.Cpu);
            }

            default:
                throw new InvalidOperationException($"The figures name random.{function}, which this test does not know.");
        }
    }
}
