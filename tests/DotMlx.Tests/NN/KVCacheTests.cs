using DotMlx.NN;

namespace DotMlx.Tests.NN;

public class KVCacheTests
{
    [Test]
    public void AStateCanBeRestoredRepeatedly()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        using KVCache cache = new(step: 2);
        Add(cache, 0, 3);
        Tree state = cache.CaptureState();
        Assert.That(state.Find("keys").Array.Shape.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 4 }));

        // This simulates a draft model whose tokens are rejected.
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Add(cache, 30, 3);
            Assert.That(cache.Offset, Is.EqualTo(6));
            cache.RestoreState(state);
            Assert.That(cache.Offset, Is.EqualTo(3));
            Assert.That(Positions(cache, 3 + attempt), Is.EqualTo(new float[] { 0, 1, 2, 3 + attempt }));
            cache.RestoreState(state);
        }

        using KVCache other = new();
        other.RestoreState(state);
        state.DisposeArrays();
        Assert.That(Positions(other, 9), Is.EqualTo(new float[] { 0, 1, 2, 9 }));
        Assert.That(Positions(cache, 8), Is.EqualTo(new float[] { 0, 1, 2, 8 }));
    }

    [Test]
    public void TheStateHasNoDroppedPositionsAndMayBeEmpty()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        using KVCache cache = new(step: 4);
        Tree nothing = cache.CaptureState();
        Assert.That(nothing.LeafCount, Is.Zero);
        Add(cache, 0, 3);
        cache.Trim(1);
        Tree state = cache.CaptureState();
        Assert.That(state.Find("values").Array.Shape[2], Is.EqualTo(2));
        state.DisposeArrays();
        cache.RestoreState(nothing);
        Assert.That(cache.Offset, Is.Zero);
        Assert.That(Positions(cache, 5), Is.EqualTo(new float[] { 5 }));
    }

    [Test]
    public void AStateSurvivesAFileAndTheScopeItWasRestoredIn()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"cache-{Guid.NewGuid():N}.safetensors");
        using KVCache cache = new(), other = new();
        Add(cache, 0, 2);
        try
        {
            using MlxScope scope = MlxScope.Begin();
            ((TreeDictionary)cache.CaptureState()).Save(path);
            other.RestoreState(TreeDictionary.Load(path));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.That(Positions(other, 7), Is.EqualTo(new float[] { 0, 1, 7 }));
    }

    [Test]
    public void AnInvalidStateIsRejectedAndChangesNothing()
    {
        using KVCache cache = new();
        Add(cache, 0, 2);
        using MlxArray four = Mx.Zeros(1, 2, 3, 4), longer = Mx.Zeros(1, 2, 4, 4), flat = Mx.Zeros(3, 4);
        Assert.Multiple(() =>
        {
            Assert.That(() => cache.RestoreState(null!), Throws.ArgumentNullException);
            Assert.That(() => cache.RestoreState(new TreeList()), Throws.ArgumentException.With.Message.Contains("'keys'"));
            Assert.That(() => cache.RestoreState(new TreeDictionary { ["keys"] = four }),
                Throws.ArgumentException.With.Message.Contains("'values'"));
            Assert.That(() => cache.RestoreState(new TreeDictionary { ["keys"] = four, ["values"] = new TreeList() }),
                Throws.ArgumentException);
            Assert.That(
                () => cache.RestoreState(new TreeDictionary { ["keys"] = four, ["values"] = longer }),
                Throws.ArgumentException.With.Message.Contains("(1, 2, 3, 4)").And.Message.Contains("(1, 2, 4, 4)"));
            Assert.That(() => cache.RestoreState(new TreeDictionary { ["keys"] = flat, ["values"] = flat }), Throws.ArgumentException);
        });
        Assert.That(Positions(cache, 6), Is.EqualTo(new float[] { 0, 1, 6 }));
    }

    [Test]
    public void ACompiledStepDecodesAsThePlainOneDoes()
    {
        MultiHeadAttention attention = new(8, 2);
        using MlxArray x = Mx.Random.Normal([1, 7, 8]);
        MlxArray[] tokens = Mx.Split(x, 7, axis: 1);
        Mx.Eval([x, .. tokens, .. attention.Parameters().Leaves]);
        using KVCache plain = new(step: 3), cache = new(step: 3);
        MlxArray Decode(MlxArray token, KVCache seen) => attention.Forward(token, token, token, cache: seen);
        Func<MlxArray, MlxArray> compiled = Mx.Compile((MlxArray token) => Decode(token, cache),
            inputs: [cache, attention], outputs: [cache]);
        for (int round = 0; round < 2; round++)
        {
            HandleCount.Settle();
            long before = LiveArrays.Count;
            for (int i = 0; i < tokens.Length; i++)
            {
                using MlxArray expected = Decode(tokens[i], plain), actual = compiled(tokens[i]);
                Assert.That(actual.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5), $"round {round}, token {i}");
                Assert.That(cache.Offset, Is.EqualTo(i + 1));
            }

            plain.Reset();
            cache.Reset();

            // Later rounds reuse the graphs of the first one and leave nothing to the garbage collector.
            if (round > 0)
            {
                Assert.That(LiveArrays.Count, Is.EqualTo(before));
            }
        }
    }

    private static void Add(KVCache cache, float first, int count)
    {
        using MlxArray keys = Numbered(first, count);
        (MlxArray all, MlxArray values) = cache.Update(keys, keys);
        all.Dispose();
        values.Dispose();
    }

    /// <summary>Adds a position and returns the numbers of all positions.</summary>
    private static float[] Positions(KVCache cache, float next)
    {
        using MlxArray keys = Numbered(next, 1);
        (MlxArray all, MlxArray values) = cache.Update(keys, keys);
        float[] numbers = all.ToArray<float>();
        Assert.That(values.ToArray<float>(), Is.EqualTo(numbers));
        all.Dispose();
        values.Dispose();
        return [.. numbers.Take(numbers.Length / 2).Where((_, i) => i % 4 == 0)];
    }

    // Two heads with four features each; every feature is the number of the position.
    private static MlxArray Numbered(float first, int count)
    {
        float[] numbers = [.. Enumerable.Range(0, 2 * count * 4).Select(i => first + (i / 4 % count))];
        return MlxArray.Create(numbers, 1, 2, count, 4);
    }
}
