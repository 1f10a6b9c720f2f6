using System.Globalization;

namespace DotMlx;

/// <summary>The greedy order of contractions that MLX follows: each step contracts the pair that frees the most memory.</summary>
internal sealed class ContractionPath
{
    private readonly EinsumExpression _expression;
    private readonly List<int[]> _steps = [];
    private readonly ulong _naiveCost;
    private readonly int _naiveScaling;
    private ulong _cost;
    private int _scaling;

    private ContractionPath(EinsumExpression expression)
    {
        _expression = expression;
        (_naiveCost, _naiveScaling) = Cost(expression.Inputs.Select(Set).ToList());
    }

    internal IReadOnlyList<int[]> Steps => _steps;

    internal static ContractionPath Find(EinsumExpression expression)
    {
        ContractionPath path = new(expression);
        if (expression.Inputs.Length <= 2)
        {
            path.AddRest(expression.Inputs.Select(Set).ToList());
        }
        else
        {
            path.Contract();
        }

        return path;
    }

    internal string Report(string subscripts) => string.Create(
        CultureInfo.InvariantCulture,
        $"  Complete contraction:  {subscripts}\n         Naive scaling:  {_naiveScaling}\n     Optimized scaling:  {_scaling}\n"
        + $"      Naive FLOP count:  {_naiveCost}\n  Optimized FLOP count:  {_cost}\n");

    private void Contract()
    {
        List<HashSet<char>> terms = _expression.Inputs.Select(Set).ToList();
        ulong memoryLimit = _expression.Inputs.Append(_expression.Output).Max(Size);
        List<(int First, int Second)> pairs = [];
        for (int i = 0; i < terms.Count; i++)
        {
            for (int j = i + 1; j < terms.Count; j++)
            {
                pairs.Add((i, j));
            }
        }

        List<Candidate> candidates = [];
        for (int remaining = _expression.Inputs.Length - 1; remaining > 0; remaining--)
        {
            Collect(pairs.Where(pair => terms[pair.First].Overlaps(terms[pair.Second])));
            if (candidates.Count == 0)
            {
                // Outer products are the last resort.
                Collect(pairs);
            }

            if (candidates.Count == 0)
            {
                AddRest(terms);
                return;
            }

            Candidate best = candidates[0];
            foreach (Candidate candidate in candidates)
            {
                if (candidate.Freed > best.Freed || (candidate.Freed == best.Freed && candidate.Cost < best.Cost))
                {
                    best = candidate;
                }
            }

            _steps.Add([best.First, best.Second]);
            _cost += best.Cost;
            _scaling = Math.Max(_scaling, best.Dimensions);
            terms.RemoveAt(best.Second);
            terms.RemoveAt(best.First);
            terms.Add(best.Result);
            candidates = candidates.Where(candidate => !candidate.Touches(best)).Select(candidate => candidate.After(best)).ToList();
            pairs = Enumerable.Range(0, terms.Count - 1).Select(i => (i, terms.Count - 1)).ToList();
        }

        void Collect(IEnumerable<(int First, int Second)> from)
        {
            foreach ((int first, int second) in from)
            {
                if (Try(terms, first, second, memoryLimit) is Candidate candidate)
                {
                    candidates.Add(candidate);
                }
            }
        }
    }

    private Candidate? Try(List<HashSet<char>> terms, int first, int second, ulong memoryLimit)
    {
        HashSet<char> contracted = [.. terms[first], .. terms[second]];
        HashSet<char> result = [.. _expression.Output.Where(contracted.Contains)];
        for (int i = 0; i < terms.Count; i++)
        {
            if (i != first && i != second)
            {
                result.UnionWith(terms[i].Where(contracted.Contains));
            }
        }

        ulong size = Size(result);
        ulong flops = Flops(contracted, contracted.Count > result.Count, 2);
        return size > memoryLimit || _cost + flops > _naiveCost
            ? null
            : new Candidate(
                first, second, result, (long)(Size(terms[first]) + Size(terms[second]) - size), flops, contracted.Count);
    }

    private void AddRest(List<HashSet<char>> terms)
    {
        _steps.Add([.. Enumerable.Range(0, terms.Count)]);
        (ulong rest, int dimensions) = Cost(terms);
        _cost += rest;
        _scaling = Math.Max(_scaling, dimensions);
    }

    private (ulong Flops, int Dimensions) Cost(List<HashSet<char>> terms)
    {
        HashSet<char> all = [.. terms.SelectMany(term => term)];
        bool inner = all.Any(letter => !_expression.Output.Contains(letter, StringComparison.Ordinal));
        return (Flops(all, inner, terms.Count), all.Count);
    }

    private ulong Flops(IEnumerable<char> letters, bool inner, int terms)
        => Size(letters) * (ulong)(Math.Max(1, terms - 1) + (inner ? 1 : 0));

    private ulong Size(IEnumerable<char> letters)
        => letters.Aggregate(1UL, (size, letter) => size * (ulong)_expression.Sizes[letter]);

    private static HashSet<char> Set(string subscript) => [.. subscript];

    private sealed record Candidate(int First, int Second, HashSet<char> Result, long Freed, ulong Cost, int Dimensions)
    {
        internal bool Touches(Candidate other)
            => First == other.First || First == other.Second || Second == other.First || Second == other.Second;

        /// <summary>Returns the same pair with its positions after the other pair has been removed from the list.</summary>
        internal Candidate After(Candidate other) => this with { First = Shift(First, other), Second = Shift(Second, other) };

        private static int Shift(int position, Candidate other)
            => position - (position > other.First ? 1 : 0) - (position > other.Second ? 1 : 0);
    }
}
