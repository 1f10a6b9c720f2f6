using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Patterns;

/// <summary>A node of a parsed regular expression, which <see cref="PatternCompiler"/> compiles to instructions.</summary>
internal abstract record PatternNode
{
    /// <summary>The minimum and maximum number of characters that the node can match; null for no maximum.</summary>
    public abstract (int Least, int? Most) Length { get; }
}

internal sealed record SetNode(CharacterSet Set) : PatternNode
{
    public override (int, int?) Length => (1, 1);
}

internal sealed record SequenceNode(IReadOnlyList<PatternNode> Items) : PatternNode
{
    public override (int, int?) Length { get; } = (
        Saturated(Items.Sum(item => (long)item.Length.Least)),
        Items.Any(item => item.Length.Most is null) ? null : Saturated(Items.Sum(item => (long)item.Length.Most!.Value)));

    public static int Saturated(long length) => (int)Math.Min(length, int.MaxValue);
}

internal sealed record AlternativesNode(IReadOnlyList<PatternNode> Items) : PatternNode
{
    public override (int, int?) Length { get; } = (
        Items.Min(item => item.Length.Least),
        Items.Any(item => item.Length.Most is null) ? null : Items.Max(item => item.Length.Most));
}

internal enum Greed
{
    Greedy,
    Lazy,
    Possessive,
}

internal sealed record RepeatNode(PatternNode Item, int Least, int? Most, Greed Greed) : PatternNode
{
    public override (int, int?) Length { get; } = (
        SequenceNode.Saturated((long)Item.Length.Least * Least),
        Most is { } most && Item.Length.Most is { } longest ? SequenceNode.Saturated((long)longest * most) : null);
}

internal sealed record AtomicNode(PatternNode Item) : PatternNode
{
    public override (int, int?) Length => Item.Length;
}

internal sealed record LookaroundNode(PatternNode Item, bool Behind, bool Negative) : PatternNode
{
    public override (int, int?) Length => (0, 0);
}

internal enum Anchor
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    TextEndOrLastNewline,
    WordBoundary,
    NoWordBoundary,
}

internal sealed record AnchorNode(Anchor Anchor) : PatternNode
{
    public override (int, int?) Length => (0, 0);
}
