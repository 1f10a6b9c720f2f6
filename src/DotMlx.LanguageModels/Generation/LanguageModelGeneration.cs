using System.Runtime.CompilerServices;
using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>Text generation.</summary>
public static class LanguageModelGeneration
{
    /// <summary>Generates tokens and yields each one as soon as it is available (<c>stream_generate</c> of mlx-lm).</summary>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The token IDs of the prompt, at least one.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cache">The cache with the results of earlier texts, which is updated; null for none.</param>
    /// <exception cref="ArgumentException">The prompt is empty, or it or the options contain an invalid token ID.</exception>
    /// <exception cref="NotSupportedException">The model isn't a decoder.</exception>
    public static IEnumerable<GeneratedToken> Generate(
        this LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions? options = null, PromptCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        return Iterate(model, prompt, options ?? new(), cache);
    }

    /// <inheritdoc cref="Generate(LanguageModel, IReadOnlyList{int}, GenerationOptions?, PromptCache?)"/>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The text of the prompt, to which the tokenizer adds its special tokens.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cache">The cache with the results of earlier texts, which is updated; null for none.</param>
    public static IEnumerable<GeneratedToken> Generate(
        this LanguageModel model, string prompt, GenerationOptions? options = null, PromptCache? cache = null) =>
        Generate(model, Encode(model, prompt), options, cache);

    /// <summary>Generates tokens and yields each one as soon as it is available. No thread is blocked during the computation.</summary>
    /// <inheritdoc cref="Generate(LanguageModel, IReadOnlyList{int}, GenerationOptions?, PromptCache?)"/>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The token IDs of the prompt, at least one.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cache">The cache with the results of earlier texts, which is updated; null for none.</param>
    /// <param name="cancellationToken">Cancels the generation. The cache keeps the results so far.</param>
    public static async IAsyncEnumerable<GeneratedToken> GenerateAsync(
        this LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions? options = null, PromptCache? cache = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new();
        Decoder decoder = model.Decoder;
        PromptCache used = cache ?? new(decoder, options.Cache);
        try
        {
            TextAssembler text = new(model.Tokenizer, options, model.EndTokens);
            using TokenStream stream = new(decoder, used, prompt, options);
            text.CachedPromptTokens = stream.CachedPromptTokens;
            while (!stream.HasStarted)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Mx.EvalAsync(stream.ContinuePrompt(), cancellationToken).ConfigureAwait(false);
            }
            GeneratedToken token;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                using Choice choice = stream.Advance();
                await Mx.EvalAsync(choice.Arrays, CancellationToken.None).ConfigureAwait(false);
                token = choice.Read();
                token = text.Add(token, stream.Record(token.Token));
                yield return token;
            }
            while (token.FinishReason is null);
        }
        finally
        {
            if (cache is null)
            {
                used.Dispose();
            }
        }
    }

    /// <inheritdoc cref="GenerateAsync(LanguageModel, IReadOnlyList{int}, GenerationOptions?, PromptCache?, CancellationToken)"/>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The text of the prompt, to which the tokenizer adds its special tokens.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cache">The cache with the results of earlier texts, which is updated; null for none.</param>
    /// <param name="cancellationToken">Cancels the generation. The cache keeps the results so far.</param>
    public static IAsyncEnumerable<GeneratedToken> GenerateAsync(
        this LanguageModel model, string prompt, GenerationOptions? options = null, PromptCache? cache = null,
        CancellationToken cancellationToken = default) => GenerateAsync(model, Encode(model, prompt), options, cache, cancellationToken);

    /// <summary>
    /// Generates the texts of several prompts as a batch. Each text is the same as if it were generated alone, up to rounding. Each step
    /// yields one token of each unfinished text.
    /// </summary>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompts">The token IDs of each prompt, at least one per prompt.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the generation.</param>
    /// <exception cref="ArgumentException">
    /// There are no prompts, a prompt is empty, or a prompt or the options contain an invalid token ID.
    /// </exception>
    /// <exception cref="NotSupportedException">The model isn't a decoder.</exception>
    public static async IAsyncEnumerable<BatchToken> GenerateBatchAsync(
        this LanguageModel model, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new();
        TextAssembler[] texts = [.. prompts.Select(_ => new TextAssembler(model.Tokenizer, options, model.EndTokens))];
        using BatchStream stream = new(model.Decoder, prompts, options);
        while (!stream.HasStarted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Mx.EvalAsync(stream.ContinuePrompt(), cancellationToken).ConfigureAwait(false);
        }
        bool all = false;
        while (!all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<KeyValuePair<int, Choice>> choices = stream.Advance();
            await Mx.EvalAsync(choices.SelectMany(item => item.Value.Arrays), CancellationToken.None).ConfigureAwait(false);
            foreach ((int index, Choice choice) in choices)
            {
                using (choice)
                {
                    if (stream.HasEnded(index))
                    {
                        continue;
                    }
                    GeneratedToken token = texts[index].Add(choice.Read(), stream.IsLast(index));
                    all = token.FinishReason is not null && stream.End(index);
                    yield return new(index, token);
                }
            }
        }
    }

    private static int[] Encode(LanguageModel model, string prompt)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        Tokenizer tokenizer = model.Tokenizer
            ?? throw new InvalidOperationException($"'{model.Folder}' has no tokenizer.json; generate from tokens instead of text.");
        return tokenizer.Encode(prompt);
    }

    private static IEnumerable<GeneratedToken> Iterate(LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions options,
        PromptCache? cache)
    {
        Decoder decoder = model.Decoder;
        PromptCache used = cache ?? new(decoder, options.Cache);
        try
        {
            TextAssembler text = new(model.Tokenizer, options, model.EndTokens);
            using TokenStream stream = new(decoder, used, prompt, options);
            text.CachedPromptTokens = stream.CachedPromptTokens;
            while (!stream.HasStarted)
            {
                Mx.Eval(stream.ContinuePrompt());
            }
            GeneratedToken token;
            do
            {
                using Choice choice = stream.Advance();
                token = choice.Read();
                token = text.Add(token, stream.Record(token.Token));
                yield return token;
            }
            while (token.FinishReason is null);
        }
        finally
        {
            if (cache is null)
            {
                used.Dispose();
            }
        }
    }
}
