using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Patterns;

internal enum Operation
{
    /// <summary>Matches one character of the set.</summary>
    Set,

    /// <summary>Matches from <c>Least</c> to <c>Most</c> characters of the set.</summary>
    Repeat,

    /// <summary>Tries <c>Target</c>, then <c>Other</c>.</summary>
    Fork,

    /// <summary>Continues at <c>Target</c>.</summary>
    Jump,

    /// <summary>Matches the following body without backtracking, then continues at <c>Target</c>.</summary>
    Atomic,

    /// <summary>Looks ahead for the following body, then continues at <c>Target</c>.</summary>
    Ahead,

    /// <summary>Looks behind for the following body, then continues at <c>Target</c>.</summary>
    Behind,

    /// <summary>Matches at an anchor.</summary>
    Anchor,

    /// <summary>The end of the pattern or of a body.</summary>
    Match,
}

internal readonly record struct Instruction(
    Operation Operation, CharacterSet? Set = null, int Target = 0, int Other = 0, int Least = 0, int? Most = null,
    Greed Greed = Greed.Greedy, bool Negative = false, Anchor Anchor = default);

/// <summary>Compiles instructions for <see cref="Pattern"/>.</summary>
internal static class PatternCompiler
{
    private const int MaxInstructions = 50_000;

    public static Instruction[] Compile(PatternNode node)
    {
        var code = new List<Instruction>();
        Emit(node, code);
        code.Add(new Instruction(Operation.Match));
        return [.. code];
    }

    private static void Emit(PatternNode node, List<Instruction> code)
    {
        if (code.Count > MaxInstructions)
            throw new InvalidDataException($"a regular expression that takes more than {MaxInstructions} instructions");
        switch (node)
        {
            case SetNode set:
                code.Add(new Instruction(Operation.Set, set.Set));
                break;
            case SequenceNode sequence:
                foreach (PatternNode item in sequence.Items)
                    Emit(item, code);
                break;
            case AlternativesNode alternatives:
                EmitAlternatives(alternatives.Items, code);
                break;
            case RepeatNode { Item: SetNode set } repeat:
                code.Add(new Instruction(Operation.Repeat, set.Set, Least: repeat.Least, Most: repeat.Most, Greed: repeat.Greed));
                break;
            case RepeatNode { Greed: Greed.Possessive } repeat:
                EmitBody(new Instruction(Operation.Atomic), repeat with { Greed = Greed.Greedy }, code);
                break;
            case RepeatNode repeat:
                EmitRepeat(repeat, code);
                break;
            case AtomicNode atomic:
                EmitBody(new Instruction(Operation.Atomic), atomic.Item, code);
                break;
            case LookaroundNode look:
                (int least, int? most) = look.Item.Length;
                EmitBody(new Instruction(
                    look.Behind ? Operation.Behind : Operation.Ahead, Negative: look.Negative, Least: least, Most: most), look.Item, code);
                break;
            case AnchorNode anchor:
                code.Add(new Instruction(Operation.Anchor, Anchor: anchor.Anchor));
                break;
        }
    }

    private static void EmitBody(Instruction head, PatternNode body, List<Instruction> code)
    {
        int at = code.Count;
        code.Add(head);
        Emit(body, code);
        code.Add(new Instruction(Operation.Match));
        code[at] = head with { Target = code.Count };
    }

    private static void EmitAlternatives(IReadOnlyList<PatternNode> items, List<Instruction> code)
    {
        var jumps = new List<int>();
        for (int i = 0; i < items.Count; i++)
        {
            int fork = code.Count;
            if (i < items.Count - 1)
                code.Add(default);
            Emit(items[i], code);
            if (i == items.Count - 1)
                break;
            jumps.Add(code.Count);
            code.Add(default);
            code[fork] = new Instruction(Operation.Fork, Target: fork + 1, Other: code.Count);
        }
        foreach (int jump in jumps)
            code[jump] = new Instruction(Operation.Jump, Target: code.Count);
    }

    private static void EmitRepeat(RepeatNode repeat, List<Instruction> code)
    {
        for (int i = 0; i < repeat.Least; i++)
            Emit(repeat.Item, code);
        var forks = new List<int>();
        if (repeat.Most is null)
        {
            forks.Add(code.Count);
            code.Add(default);
            Emit(repeat.Item, code);
            code.Add(new Instruction(Operation.Jump, Target: forks[0]));
        }
        for (int i = repeat.Least; i < repeat.Most; i++)
        {
            forks.Add(code.Count);
            code.Add(default);
            Emit(repeat.Item, code);
        }
        foreach (int fork in forks)
        {
            code[fork] = repeat.Greed == Greed.Lazy
                ? new Instruction(Operation.Fork, Target: code.Count, Other: fork + 1)
                : new Instruction(Operation.Fork, Target: fork + 1, Other: code.Count);
        }
    }
}
