using System.Runtime.CompilerServices;
using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>Text generation.</summary>
public static class LanguageModelGeneration
{
    /// <summary>Generates tokens one by one; each is given as soon as it is there.</summary>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The tokens before, at least one.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="cache">What was computed of earlier texts; null computes everything and keeps nothing.</param>
    /// <exception cref="ArgumentException">The prompt is empty, or prompt or options name a token that there is not.</exception>
    /// <exception cref="NotSupportedException">The model is no decoder.</exception>
    public static IEnumerable<GeneratedToken> Generate(
        this LanguageModel model, IReadOnlyList<int> prompt, GenerationOptions? options = null, PromptCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        return Iterate(model, prompt, options ?? new(), cache);
    }

    /// <inheritdoc cref="Generate(LanguageModel, IReadOnlyList{int}, GenerationOptions?, PromptCache?)"/>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The text before, to which the tokenizer adds its special tokens.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="cache">What was computed of earlier texts; null computes everything and keeps nothing.</param>
    public static IEnumerable<GeneratedToken> Generate(
        this LanguageModel model, string prompt, GenerationOptions? options = null, PromptCache? cache = null) =>
        Generate(model, Encode(model, prompt), options, cache);

    /// <summary>Generates tokens one by one; no thread waits while one is computed.</summary>
    /// <inheritdoc cref="Generate(LanguageModel, IReadOnlyList{int}, GenerationOptions?, PromptCache?)"/>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompt">The tokens before, at least one.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="cache">What was computed of earlier texts; null computes everything and keeps nothing.</param>
    /// <param name="cancellationToken">Ends the generation; the cache keeps what was computed.</param>
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
    /// <param name="prompt">The text before, to which the tokenizer adds its special tokens.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="cache">What was computed of earlier texts; null computes everything and keeps nothing.</param>
    /// <param name="cancellationToken">Ends the generation; the cache keeps what was computed.</param>
    public static IAsyncEnumerable<GeneratedToken> GenerateAsync(
        this LanguageModel model, string prompt, GenerationOptions? options = null, PromptCache? cache = null,
        CancellationToken cancellationToken = default) => GenerateAsync(model, Encode(model, prompt), options, cache, cancellationToken);

    /// <summary>
    /// Generates the texts of several prompts at once. Each gets the tokens that it would get alone, up to rounding; the tokens of all come
    /// in turn.
    /// </summary>
    /// <param name="model">The model, whose <see cref="LanguageModel.Model"/> is a decoder.</param>
    /// <param name="prompts">The tokens before each text, at least one for each.</param>
    /// <param name="options">How to generate; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the generation.</param>
    /// <exception cref="ArgumentException">
    /// There is no prompt or an empty one, or prompts or options name a token that there is not.
    /// </exception>
    /// <exception cref="NotSupportedException">The model is no decoder.</exception>
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
