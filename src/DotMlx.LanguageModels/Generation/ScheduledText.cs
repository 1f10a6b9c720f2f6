using System.Threading.Channels;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>A scheduler request and the channel for its tokens.</summary>
internal sealed class ScheduledText(IReadOnlyList<int> prompt, GenerationOptions options, Adapter? adapter, TextAssembler assembler)
{
    internal IReadOnlyList<int> Prompt => prompt;

    internal GenerationOptions Options => options;

    internal Adapter? Adapter => adapter;

    internal Channel<GeneratedToken> Tokens { get; } =
        Channel.CreateUnbounded<GeneratedToken>(new() { SingleReader = true, SingleWriter = true });

    /// <summary>The number of prompt tokens that came from a cache.</summary>
    internal int CachedPromptTokens
    {
        set => assembler.CachedPromptTokens = value;
    }

    /// <summary>Whether the caller no longer waits for tokens.</summary>
    internal volatile bool IsAbandoned;

    /// <summary>Delivers a token to the caller.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isLast">Whether the token limit has been reached.</param>
    /// <returns>Whether the text has finished.</returns>
    internal bool Deliver(GeneratedToken token, bool isLast)
    {
        GeneratedToken told = assembler.Add(token, isLast);
        Tokens.Writer.TryWrite(told);
        if (told.FinishReason is null)
        {
            return false;
        }
        Tokens.Writer.TryComplete();
        return true;
    }

    internal void Fail(Exception error) => Tokens.Writer.TryComplete(error);
}
