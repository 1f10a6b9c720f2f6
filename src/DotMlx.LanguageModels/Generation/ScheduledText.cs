using System.Threading.Channels;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels;

/// <summary>A request to a scheduler, and the way of its tokens back.</summary>
internal sealed class ScheduledText(IReadOnlyList<int> prompt, GenerationOptions options, Adapter? adapter, TextAssembler assembler)
{
    internal IReadOnlyList<int> Prompt => prompt;

    internal GenerationOptions Options => options;

    internal Adapter? Adapter => adapter;

    internal Channel<GeneratedToken> Tokens { get; } = Channel.CreateUnbounded<GeneratedToken>(new() { SingleReader = true, SingleWriter = true });

    /// <summary>How many tokens of the prompt did not have to be computed.</summary>
    internal int Cached { get; set; }

    /// <summary>Whether nobody waits for the tokens any more.</summary>
    internal volatile bool IsAbandoned;

    /// <summary>Passes a token on.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isLast">Whether no more tokens are allowed.</param>
    /// <returns>Whether the text has ended.</returns>
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
