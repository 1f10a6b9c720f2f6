using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;

namespace DotMlx.Samples.CharLm;

/// <summary>Continues a prompt, one character at a time. The cache keeps the computed positions.</summary>
internal sealed class Sampler(Decoder model, Vocabulary vocabulary, int context, float temperature, float topP)
{
    /// <summary>Returns the characters that follow a prompt, as they are drawn.</summary>
    public IEnumerable<char> Generate(string prompt, int length)
    {
        model.Eval();
        using DecoderCache cache = new(model, new() { Step = context });
        List<int> written = [.. vocabulary.Encode(prompt)];
        int[] next = Last(written, context);
        for (int i = 0; i < length; i++)
        {
            // The model was trained on a fixed number of positions. When they are used up, it reads the last half again.
            if (cache.Offset + next.Length > context)
            {
                cache.Reset();
                next = Last(written, context / 2);
            }
            int token = Next(next, cache);
            yield return vocabulary.Decode(token);
            written.Add(token);
            next = [token];
        }
    }

    private static int[] Last(List<int> tokens, int count) => [.. tokens.Skip(Math.Max(0, tokens.Count - count))];

    private int Next(int[] tokens, DecoderCache cache)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray logits = model.Forward(MlxArray.Create(tokens, 1, tokens.Length), cache);
        MlxArray last = Mx.Take(logits, MlxArray.Scalar(tokens.Length - 1), axis: 1).Reshape(-1);
        if (temperature <= 0f)
        {
            return (int)Mx.ArgMax(last).Item<uint>();
        }
        MlxArray scaled = last / temperature;
        return (int)Mx.Random.Categorical(topP < 1f ? Nucleus(scaled) : scaled).Item<uint>();
    }

    /// <summary>Keeps the fewest likely characters whose probabilities reach top-p; the others become impossible.</summary>
    private MlxArray Nucleus(MlxArray logits)
    {
        MlxArray ascending = Mx.ArgSort(logits, axis: -1);
        MlxArray reached = Mx.CumSum(Mx.TakeAlongAxis(Mx.Softmax(logits, axis: -1), ascending, axis: -1), axis: -1);
        MlxArray kept = Mx.Where(Mx.Greater(reached, 1f - topP), Mx.TakeAlongAxis(logits, ascending, axis: -1), float.NegativeInfinity);
        return Mx.PutAlongAxis(logits, ascending, kept, axis: -1);
    }
}
