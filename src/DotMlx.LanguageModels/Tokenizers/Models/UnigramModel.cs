using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Models;

/// <summary>SentencePiece's unigram model: the segmentation with the highest total score.</summary>
internal sealed class UnigramModel : Model
{
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly string[] _sorted;
    private readonly double _unknownScore;
    private readonly int? _unknown;
    private readonly int[]? _bytes;

    public UnigramModel(JsonField field) : base(new Vocabulary(0))
    {
        var scores = new List<double>();
        foreach (JsonField item in field.Get("vocab").Items())
        {
            JsonField[] pair = [.. item.Items()];
            if (pair.Length != 2)
                throw item.Expected("a token and its score");
            Vocabulary.Add(pair[0].Text(), scores.Count);
            scores.Add(pair[1].Real());
        }
        _scores = [.. scores];
        _unknownScore = _scores.DefaultIfEmpty().Min() - UnknownPenalty;
        _unknown = field.Find("unk_id")?.Number();
        if (_unknown >= _scores.Length)
            throw new InvalidDataException($"{field.Path}.unk_id is {_unknown}, but the vocabulary has {_scores.Length} tokens");
        if (field.Find("byte_fallback")?.Flag() ?? false)
            _bytes = Vocabulary.Bytes();
        _sorted = [.. Enumerable.Range(0, _scores.Length).Select(id => Vocabulary.TokenOf(id)!).Where(token => token.Length > 0)
            .Distinct()];
        Array.Sort(_sorted, StringComparer.Ordinal);
    }

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        int[] starts = BestStarts(word, out int[] best);
        var parts = new List<(int Start, int End)>();
        bool lastUnknown = false;
        for (int end = word.Length; end > 0; end = starts[end])
        {
            bool unknown = best[end] == _unknown;
            // Adjacent unknown characters form one token.
            if (unknown && lastUnknown)
                parts[^1] = (starts[end], parts[^1].End);
            else
                parts.Add((starts[end], end));
            lastUnknown = unknown;
        }
        for (int i = parts.Count - 1; i >= 0; i--)
            AddPart(word[parts[i].Start..parts[i].End], ids);
    }

    private void AddPart(ReadOnlySpan<char> part, List<int> ids)
    {
        if (IdOf(part) is { } id)
            ids.Add(id);
        else if (_bytes is not null && Encoding.UTF8.GetBytes(part.ToString()) is var utf8 && utf8.All(value => _bytes[value] >= 0))
            ids.AddRange(utf8.Select(value => _bytes[value]));
        else
            ids.Add(Unknown());
    }

    private int Unknown() =>
        _unknown ?? throw new InvalidDataException("the text has an unknown character, but the file has no unk_id");

    /// <summary>Returns, for each position, the start and the ID of the best token that ends there.</summary>
    private int[] BestStarts(ReadOnlySpan<char> word, out int[] best)
    {
        var starts = new int[word.Length + 1];
        var scores = new double[word.Length + 1];
        best = new int[word.Length + 1];
        Array.Fill(starts, -1);
        int width;
        for (int start = 0; start < word.Length; start += width)
        {
            width = char.IsHighSurrogate(word[start]) ? 2 : 1;
            bool hasSingle = false;
            int low = 0, high = _sorted.Length;
            for (int depth = 0; start + depth < word.Length && Narrow(ref low, ref high, depth, word[start + depth]); depth++)
            {
                if (_sorted[low].Length != depth + 1)
                    continue;
                int id = IdOf(_sorted[low])!.Value;
                Offer(start, start + depth + 1, id, scores[start] + _scores[id], starts, scores, best);
                hasSingle |= depth + 1 == width;
            }
            if (!hasSingle)
                Offer(start, start + width, _unknown ?? -1, scores[start] + _unknownScore, starts, scores, best);
        }
        return starts;
    }

    private static void Offer(int start, int end, int id, double score, int[] starts, double[] scores, int[] best)
    {
        if (starts[end] < 0 || score > scores[end])
            (starts[end], scores[end], best[end]) = (start, score, id);
    }

    /// <summary>
    /// Narrows the sorted tokens from <paramref name="low"/> to <paramref name="high"/> to those with <paramref name="c"/> at
    /// <paramref name="depth"/>.
    /// </summary>
    private bool Narrow(ref int low, ref int high, int depth, char c)
    {
        int from = Bound(low, high, depth, c), to = Bound(from, high, depth, c + 1);
        (low, high) = (from, to);
        return low < high;
    }

    private int Bound(int low, int high, int depth, int c)
    {
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_sorted[middle].Length <= depth || _sorted[middle][depth] < c)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
