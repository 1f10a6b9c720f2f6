using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tokenizers.Patterns;

/// <summary>
/// A regular expression of a tokenizer file, with Oniguruma's syntax over code points. <c>System.Text.RegularExpressions</c> matches UTF-16
/// code units, so it doesn't recognize letters outside the Basic Multilingual Plane. The number of steps is limited.
/// </summary>
internal sealed class Pattern
{
    private const long BaseSteps = 10_000_000, StepsPerCharacter = 500;

    private readonly string _source;
    private readonly Instruction[] _code;

    public Pattern(string source)
    {
        _source = source;
        _code = PatternCompiler.Compile(PatternParser.Parse(source));
    }

    /// <summary>Returns the matches from left to right, without empty matches directly after another match.</summary>
    public IEnumerable<(int Start, int End)> Matches(string text, int start, int length)
    {
        var run = new Run(_code, text, start, start + length, _source);
        int next = start, last = -1;
        while (next <= run.End)
        {
            if (run.Search(next) is not var (from, to))
                yield break;
            if (from == to && to == last)
            {
                next = Math.Max(from, next) + Math.Max(run.WidthAt(next), 1);
                continue;
            }
            next = last = to;
            yield return (from, to);
        }
    }

    private readonly record struct Frame(int Instruction, int Position, int Limit);

    /// <summary>The state of matching in one text.</summary>
    private sealed class Run(Instruction[] code, string text, int start, int end, string source)
    {
        private readonly Stack<Frame> _frames = new();
        private long _steps = BaseSteps + StepsPerCharacter * (end - start);

        public int End => end;

        public (int Start, int End)? Search(int from)
        {
            for (int position = from; position <= end; position += Math.Max(WidthAt(position), 1))
            {
                if (Match(0, position) is >= 0 and int matchEnd)
                    return (position, matchEnd);
            }
            return null;
        }

        /// <summary>Returns the number of UTF-16 code units of the character at <paramref name="position"/>; 0 at the end.</summary>
        public int WidthAt(int position) =>
            position >= end ? 0 : char.IsHighSurrogate(text[position]) && position + 1 < end
                && char.IsLowSurrogate(text[position + 1]) ? 2 : 1;

        private int WidthBefore(int position) =>
            position <= start ? 0 : char.IsLowSurrogate(text[position - 1]) && position - 1 > start
                && char.IsHighSurrogate(text[position - 2]) ? 2 : 1;

        private bool Has(CharacterSet set, int position) => position < end
            && set.Contains(WidthAt(position) == 2 ? char.ConvertToUtf32(text[position], text[position + 1]) : text[position]);

        private bool HasBefore(CharacterSet set, int position) => position > start && Has(set, position - WidthBefore(position));

        /// <summary>Runs the body at <paramref name="instruction"/>, and returns the end of the match or -1.</summary>
        private int Match(int instruction, int position)
        {
            int bottom = _frames.Count;
            while (true)
            {
                if (--_steps < 0)
                    throw new InvalidDataException($"the regular expression '{source}' takes too many steps on this text");
                ref readonly Instruction current = ref code[instruction];
                bool holds = true;
                switch (current.Operation)
                {
                    case Operation.Match:
                        while (_frames.Count > bottom)
                            _frames.Pop();
                        return position;
                    case Operation.Set:
                        holds = Has(current.Set!, position);
                        position += WidthAt(position);
                        instruction++;
                        break;
                    case Operation.Repeat:
                        holds = Repeat(current, instruction, ref position);
                        instruction++;
                        break;
                    case Operation.Fork:
                        _frames.Push(new Frame(current.Other, position, -1));
                        instruction = current.Target;
                        break;
                    case Operation.Jump:
                        instruction = current.Target;
                        break;
                    case Operation.Anchor:
                        holds = IsAt(current.Anchor, position);
                        instruction++;
                        break;
                    case Operation.Atomic:
                        int atomicEnd = Match(instruction + 1, position);
                        holds = atomicEnd >= 0;
                        position = atomicEnd;
                        instruction = current.Target;
                        break;
                    case Operation.Ahead:
                        holds = Match(instruction + 1, position) >= 0 != current.Negative;
                        instruction = current.Target;
                        break;
                    case Operation.Behind:
                        holds = IsBehind(current, instruction + 1, position) != current.Negative;
                        instruction = current.Target;
                        break;
                }
                if (!holds && !Resume(bottom, ref instruction, ref position))
                    return -1;
            }
        }

        private bool Repeat(Instruction repeat, int instruction, ref int position)
        {
            int least = position;
            for (int i = 0; i < repeat.Least; i++)
            {
                if (!Has(repeat.Set!, least))
                    return false;
                least += WidthAt(least);
            }
            position = least;
            int more = repeat.Most is { } most ? most - repeat.Least : int.MaxValue;
            if (repeat.Greed == Greed.Lazy)
            {
                _frames.Push(new Frame(instruction, position, more));
                return true;
            }
            while (more-- > 0 && Has(repeat.Set!, position))
                position += WidthAt(position);
            _steps -= position - least;
            if (repeat.Greed == Greed.Greedy && position > least)
                _frames.Push(new Frame(instruction, position, least));
            return true;
        }

        /// <summary>Backtracks to the last remaining choice above <paramref name="bottom"/>.</summary>
        private bool Resume(int bottom, ref int instruction, ref int position)
        {
            while (_frames.Count > bottom)
            {
                Frame frame = _frames.Pop();
                (instruction, position) = (frame.Instruction, frame.Position);
                if (frame.Limit < 0)
                    return true;
                Instruction repeat = code[instruction++];
                if (repeat.Greed == Greed.Greedy)
                {
                    position -= WidthBefore(position);
                    if (position > frame.Limit)
                        _frames.Push(frame with { Position = position });
                    return true;
                }
                if (frame.Limit == 0 || !Has(repeat.Set!, position))
                    continue;
                position += WidthAt(position);
                _frames.Push(frame with { Position = position, Limit = frame.Limit - 1 });
                return true;
            }
            return false;
        }

        private bool IsBehind(Instruction look, int body, int position)
        {
            int from = position;
            for (int width = 0; width <= look.Most; width++)
            {
                if (width >= look.Least && Match(body, from) == position)
                    return true;
                if (from == start)
                    return false;
                from -= WidthBefore(from);
            }
            return false;
        }

        private bool IsAt(Anchor anchor, int position) => anchor switch
        {
            Anchor.LineStart => position == start || text[position - 1] == '\n' && position < end,
            Anchor.LineEnd => position == end || text[position] == '\n',
            Anchor.TextStart => position == start,
            Anchor.TextEnd => position == end,
            Anchor.TextEndOrLastNewline => position == end || position == end - 1 && text[position] == '\n',
            _ => (HasBefore(CharacterSets.Word, position) != Has(CharacterSets.Word, position)) == (anchor == Anchor.WordBoundary),
        };
    }
}
