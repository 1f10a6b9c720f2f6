namespace DotMlx.LanguageModels;

/// <summary>
/// Chooses the tokens of one text from logits. All state is kept in arrays, so that the next step can start before the last token is read.
/// </summary>
internal sealed class Sampler : IDisposable
{
    private readonly GenerationOptions _options;
    private readonly MlxArray? _bias;
    private MlxArray? _key;
    private MlxArray? _seen;
    private MlxArray? _counts;

    /// <param name="options">The generation options.</param>
    /// <param name="vocabulary">The size of the vocabulary.</param>
    /// <param name="prompt">The token IDs of the prompt, for the repetition penalty.</param>
    /// <exception cref="ArgumentException">An option contains an invalid token ID.</exception>
    internal Sampler(GenerationOptions options, int vocabulary, IReadOnlyList<int> prompt)
    {
        _options = options;
        Check(options, vocabulary);
        if (options.LogitBias.Count > 0)
        {
            float[] bias = new float[vocabulary];
            foreach ((int token, double value) in options.LogitBias)
            {
                bias[token] = (float)value;
            }
            _bias = Lasting(MlxArray.Create<float>(bias, 1, vocabulary));
        }
        if (options.RepetitionPenalty != 1)
        {
            bool[] seen = new bool[vocabulary];
            foreach (int token in prompt)
            {
                seen[token] = true;
            }
            _seen = Lasting(MlxArray.Create<bool>(seen, 1, vocabulary));
        }
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            _counts = Lasting(Mx.Zeros(1, vocabulary));
        }
        if (options.Temperature > 0)
        {
            _key = Lasting(Mx.Random.Key(options.Seed ?? (ulong)Random.Shared.NextInt64()));
        }
    }

    /// <summary>Checks that the options fit a vocabulary.</summary>
    /// <exception cref="ArgumentException">An option contains an invalid token ID.</exception>
    internal static void Check(GenerationOptions options, int vocabulary)
    {
        foreach (int token in options.LogitBias.Keys)
        {
            if (token < 0 || token >= vocabulary)
            {
                throw new ArgumentException(
                    $"LogitBias contains the token {token}, but the model's tokens are 0 to {vocabulary - 1}.", nameof(options));
            }
        }
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">The logits, of shape (1, vocabulary).</param>
    /// <returns>The token, uint32 of shape (1,), and the requested log-probabilities.</returns>
    internal Choice Choose(MlxArray logits)
    {
        if (_options is { Temperature: 0, LogProbabilities: false, TopLogProbabilities: 0 } && (_bias ?? _seen ?? _counts) is null)
        {
            return new(Mx.ArgMax(logits, axis: -1), null, null, null);
        }

        using MlxScope scope = MlxScope.Begin();
        MlxArray wide = Mx.AsType(logits, DType.Float32);
        MlxArray changed = Penalize(wide);
        MlxArray token = _options.Temperature > 0 ? Draw(changed) : Mx.ArgMax(changed, axis: -1);
        Remember(token);
        Choice choice = Report(wide, token);
        scope.Keep([.. choice.Arrays]);
        return choice;
    }

    public void Dispose()
    {
        _bias?.Dispose();
        _key?.Dispose();
        _seen?.Dispose();
        _counts?.Dispose();
    }

    private static MlxArray Lasting(MlxArray array)
    {
        MlxScope.Detach(array);
        return array;
    }

    private MlxArray Penalize(MlxArray logits)
    {
        if (_bias is not null)
        {
            logits += _bias;
        }
        if (_seen is not null)
        {
            float penalty = (float)_options.RepetitionPenalty;
            logits = Mx.Where(_seen, Mx.Where(Mx.Greater(logits, 0), logits / penalty, logits * penalty), logits);
        }
        if (_counts is not null)
        {
            logits -= (_counts * (float)_options.FrequencyPenalty)
                + (Mx.Greater(_counts, 0).AsType(DType.Float32) * (float)_options.PresencePenalty);
        }
        return logits;
    }

    private void Remember(MlxArray token)
    {
        if (_seen is null && _counts is null)
        {
            return;
        }
        MlxArray column = Mx.Reshape(token, 1, 1);
        MlxArray chosen = Mx.Equal(Mx.Arange((_seen ?? _counts)!.Shape[1], DType.UInt32), column);
        if (_seen is not null)
        {
            Become(ref _seen, Mx.LogicalOr(_seen, chosen));
        }
        if (_counts is not null)
        {
            Become(ref _counts, _counts + chosen.AsType(DType.Float32));
        }
    }

    private static void Become(ref MlxArray state, MlxArray next)
    {
        state.Dispose();
        state = Lasting(next);
    }

    private MlxArray Draw(MlxArray logits)
    {
        logits /= (float)_options.Temperature;
        if (_options.TopK > 0 && _options.TopK < logits.Shape[1])
        {
            MlxArray least = Mx.Min(Mx.TopK(logits, _options.TopK), axis: -1, keepdims: true);
            logits = Mx.Where(Mx.Less(logits, least), float.NegativeInfinity, logits);
        }
        if (_options.TopP < 1)
        {
            logits = Nucleus(logits);
        }
        if (_options.MinP > 0)
        {
            MlxArray least = Mx.Max(logits, axis: -1, keepdims: true) + (float)Math.Log(_options.MinP);
            logits = Mx.Where(Mx.Less(logits, least), float.NegativeInfinity, logits);
        }
        MlxArray keys = Mx.Random.Split(_key!);
        Become(ref _key!, keys[0]);
        return Mx.Random.Categorical(logits, axis: -1, key: keys[1]);
    }

    /// <summary>
    /// Keeps the smallest number of most likely tokens, at least one, whose total probability reaches <see cref="GenerationOptions.TopP"/>.
    /// </summary>
    private MlxArray Nucleus(MlxArray logits)
    {
        MlxArray order = Mx.ArgSort(-logits, axis: -1);
        MlxArray sorted = Mx.TakeAlongAxis(Mx.Softmax(logits, axis: -1, precise: true), order, axis: -1);

        // A token stays if the total probability of the more likely tokens is less than the limit.
        MlxArray before = Mx.CumSum(sorted, axis: -1) - sorted;
        MlxArray kept = Mx.LogicalOr(Mx.Less(before, (float)_options.TopP), Mx.Equal(Mx.Arange(logits.Shape[1]), 0));
        MlxArray back = Mx.ArgSort(order, axis: -1);
        return Mx.Where(Mx.TakeAlongAxis(kept, back, axis: -1), logits, float.NegativeInfinity);
    }

    private Choice Report(MlxArray logits, MlxArray token)
    {
        if (!_options.LogProbabilities && _options.TopLogProbabilities == 0)
        {
            return new(token, null, null, null);
        }
        MlxArray all = logits - Mx.LogSumExp(logits, axis: -1, keepdims: true);
        MlxArray own = Mx.TakeAlongAxis(all, Mx.Reshape(token, 1, 1), axis: -1);
        int count = Math.Min(_options.TopLogProbabilities, logits.Shape[1]);
        if (count == 0)
        {
            return new(token, own, null, null);
        }
        MlxArray best = Mx.ArgSort(-all, axis: -1)[.., ..count];
        return new(token, own, best, Mx.TakeAlongAxis(all, best, axis: -1));
    }
}

/// <summary>A chosen token that may not be evaluated yet.</summary>
/// <param name="Token">The token, of shape (1,).</param>
/// <param name="LogProbability">Its log-probability, or null.</param>
/// <param name="TopTokens">The most likely tokens, of shape (1, count), or null.</param>
/// <param name="TopLogProbabilities">Their log-probabilities, or null.</param>
internal sealed record Choice(MlxArray Token, MlxArray? LogProbability, MlxArray? TopTokens, MlxArray? TopLogProbabilities) : IDisposable
{
    internal IEnumerable<MlxArray> Arrays => new[] { Token, LogProbability, TopTokens, TopLogProbabilities }.OfType<MlxArray>();

    /// <summary>Reads the token, and waits until it is evaluated.</summary>
    internal GeneratedToken Read()
    {
        GeneratedToken token = new((int)Token.Item<uint>(), "");
        if (LogProbability is null)
        {
            return token;
        }
        token = token with { LogProbability = LogProbability.Item<float>() };
        return TopTokens is null
            ? token
            : token with
            {
                TopLogProbabilities =
                [
                    .. TopTokens.ToArray<uint>()
                        .Zip(TopLogProbabilities!.ToArray<float>(), (id, value) => new TokenProbability((int)id, value)),
                ],
            };
    }

    public void Dispose()
    {
        Token.Dispose();
        LogProbability?.Dispose();
        TopTokens?.Dispose();
        TopLogProbabilities?.Dispose();
    }
}
