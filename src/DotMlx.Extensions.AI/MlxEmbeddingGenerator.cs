using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>An embedding generator with an encoder, such as BERT, or a decoder. All members are thread-safe.</summary>
public sealed class MlxEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly MlxEmbeddingGeneratorOptions _options;
    private readonly EmbeddingPooling _pooling;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Creates a generator. The generator doesn't dispose of the model.</summary>
    /// <param name="model">An encoder or a decoder with a tokenizer.</param>
    /// <param name="options">The generator options; null for the defaults.</param>
    /// <exception cref="NotSupportedException">
    /// The model is neither an encoder nor a decoder, lacks a tokenizer, or specifies an unknown pooling.
    /// </exception>
    public MlxEmbeddingGenerator(LanguageModel model, MlxEmbeddingGeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _options = options ?? new();
        _tokenizer = model.Tokenizer
            ?? throw new NotSupportedException($"The model in '{model.Folder}' has no tokenizer.json, so it can't read text.");
        int dimensions = model.Model switch
        {
            Encoder encoder => encoder.Description.HiddenSize,
            Decoder decoder => decoder.Description.HiddenSize,
            _ => throw new NotSupportedException(
                $"The model in '{model.Folder}' is {model.Model.GetType().Name}, which doesn't produce embeddings."),
        };
        _pooling = _options.Pooling ?? PoolingOf(model) ?? (model.Model is Encoder ? EmbeddingPooling.Mean : EmbeddingPooling.LastToken);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder)));
        _metadata = new("mlx", defaultModelId: _options.ModelId ?? name, defaultModelDimensions: dimensions);
    }

    /// <summary>Computes an embedding of each text.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="options">The options of the request; null for the generator's defaults.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <returns>One embedding per text, in their order, with the usage.</returns>
    /// <remarks>A text with more tokens than an encoder has positions is truncated, but its last special token is kept.</remarks>
    /// <exception cref="ArgumentException">
    /// A text is null or has no tokens, or the request specifies more dimensions than the model has.
    /// </exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        int dimensions = options?.Dimensions ?? _metadata.DefaultModelDimensions!.Value;
        if (dimensions < 1 || dimensions > _metadata.DefaultModelDimensions)
        {
            throw new ArgumentException($"{dimensions} dimensions were requested, but the model has {_metadata.DefaultModelDimensions}.",
                nameof(options));
        }
        int[][] texts = [.. values.Select(Encode)];
        GeneratedEmbeddings<Embedding<float>> embeddings = [];
        foreach (int[][] batch in texts.Chunk(_options.BatchSize))
        {
            using MlxArray vectors = Compute(batch, dimensions);
            await vectors.EvalAsync(cancellationToken).ConfigureAwait(false);
            float[] numbers = vectors.ToArray<float>();
            embeddings.AddRange(Enumerable.Range(0, batch.Length)
                .Select(i => new Embedding<float>(numbers.AsMemory(i * dimensions, dimensions))
            {
                CreatedAt = DateTimeOffset.UtcNow,
                ModelId = _metadata.DefaultModelId,
            }));
        }
        int tokens = texts.Sum(text => text.Length);
        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
    }

    /// <summary>Returns this generator, its <see cref="EmbeddingGeneratorMetadata"/>, or its <see cref="LanguageModel"/>.</summary>
    /// <param name="serviceType">The requested type.</param>
    /// <param name="serviceKey">Must be null.</param>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        Services.Find(serviceType, serviceKey, this, _metadata, _model);

    /// <summary>Does nothing, because the caller owns the model.</summary>
    public void Dispose()
    {
    }

    private static EmbeddingPooling? PoolingOf(LanguageModel model)
    {
        string path = Path.Combine(model.Folder, "1_Pooling", "config.json");
        if (!File.Exists(path))
        {
            return null;
        }
        ModelConfig config = ModelConfig.Load(path);
        return config.Flag("pooling_mode_mean_tokens", false) ? EmbeddingPooling.Mean
            : config.Flag("pooling_mode_cls_token", false) ? EmbeddingPooling.FirstToken
            : config.Flag("pooling_mode_lasttoken", false) ? EmbeddingPooling.LastToken
            : throw new NotSupportedException(
                $"'{path}' requests a pooling other than mean, cls, or last token. Set Pooling in the options.");
    }

    private int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text, "values");
        int[] tokens = _tokenizer.Encode(text);
        if (tokens.Length == 0)
        {
            throw new ArgumentException("A text has no tokens.", nameof(text));
        }
        return _model.Model is Encoder encoder && tokens.Length > encoder.Description.MaxPositions
            ? [.. tokens[..(encoder.Description.MaxPositions - 1)], tokens[^1]]
            : tokens;
    }

    /// <summary>Computes the vectors of a batch, of shape (texts, dimensions), in float32.</summary>
    private MlxArray Compute(int[][] batch, int dimensions)
    {
        using MlxScope scope = MlxScope.Begin();
        int length = batch.Max(text => text.Length);

        // Padding follows the tokens, so that a decoder's tokens don't see it.
        MlxArray tokens = MlxArray.Create<int>([.. batch.SelectMany(text => text.Concat(Enumerable.Repeat(0, length - text.Length)))],
            batch.Length, length);
        MlxArray mask = MlxArray.Create<bool>([.. batch.SelectMany(text => Enumerable.Range(0, length).Select(i => i < text.Length))],
            batch.Length, length);
        MlxArray hidden = _model.Model is Encoder encoder ? encoder.Forward(tokens, mask) : _model.Decoder.Hidden(tokens);
        hidden = hidden.AsType(DType.Float32);
        MlxArray pooled = _pooling switch
        {
            EmbeddingPooling.FirstToken => hidden[.., 0],
            EmbeddingPooling.LastToken => Last(hidden, batch),
            _ => Mx.Sum(hidden * Mx.ExpandDims(mask, -1), axis: 1) / Mx.Sum(mask.AsType(DType.Float32), axis: 1, keepdims: true),
        };
        pooled = pooled[.., ..dimensions];
        return scope.Keep(_options.Normalize ? pooled / Mx.Maximum(Mx.Linalg.Norm(pooled, axis: -1, keepdims: true), 1e-12) : pooled);
    }

    private static MlxArray Last(MlxArray hidden, int[][] batch)
    {
        MlxArray last = MlxArray.Create<int>([.. batch.Select(text => text.Length - 1)], batch.Length, 1, 1);
        return Mx.Squeeze(Mx.TakeAlongAxis(hidden, Mx.BroadcastTo(last, batch.Length, 1, hidden.Shape[2]), axis: 1), axis: 1);
    }
}
