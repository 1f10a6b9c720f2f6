using System.Collections.Concurrent;
using System.Text;

namespace DotMlx.LanguageModels.Tokenizers.Models;

/// <summary>
/// Byte-pair encoding. The characters of a word are merged pair by pair: the pair of lowest rank first, and the leftmost of equal ones. A
/// queue finds the next pair, so that the time for a long word is O(n log n).
/// </summary>
internal sealed class BpeModel : Model
{
    private const int MaxCachedLength = 256, MaxCached = 20_000;

    private readonly Dictionary<(int, int), (int Rank, int Id)> _merges;
    private readonly int[]? _bytes;
    private readonly string? _unknown;
    private readonly string _prefix, _suffix;
    private readonly bool _fusesUnknown, _ignoresMerges;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;

    public BpeModel(JsonField field) : base(Vocabulary.Read(field.Get("vocab")))
    {
        if (field.Find("dropout") is { } dropout && dropout.Real() != 0)
            throw dropout.Unknown("dropout of merges");
        _unknown = field.Find("unk_token")?.Text();
        _prefix = field.Find("continuing_subword_prefix")?.Text() ?? "";
        _suffix = field.Find("end_of_word_suffix")?.Text() ?? "";
        _fusesUnknown = field.Find("fuse_unk")?.Flag() ?? false;
        _ignoresMerges = field.Find("ignore_merges")?.Flag() ?? false;
        if (field.Find("byte_fallback")?.Flag() ?? false)
            _bytes = Vocabulary.Bytes();
        _cached = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = ReadMerges(field.Get("merges"));
    }

    private Dictionary<(int, int), (int, int)> ReadMerges(JsonField field)
    {
        var merges = new Dictionary<(int, int), (int, int)>(
            field.Value.ValueKind == System.Text.Json.JsonValueKind.Array ? field.Value.GetArrayLength() : 0);
        int rank = 0;
        foreach (JsonField item in field.Items())
        {
            (string left, string right) = ReadMerge(item);
            if (left.StartsWith("#version", StringComparison.Ordinal) && item.Value.ValueKind == System.Text.Json.JsonValueKind.String)
                continue;
            if (!right.StartsWith(_prefix, StringComparison.Ordinal))
                throw new InvalidDataException($"{item.Path}: '{right}' does not begin with the continuing_subword_prefix '{_prefix}'");
            merges[(Known(item, left), Known(item, right))] = (rank++, Known(item, left + right[_prefix.Length..]));
        }
        return merges;
    }

    private int Known(JsonField item, string token) =>
        IdOf(token) ?? throw new InvalidDataException($"{item.Path} needs the token '{token}', which the vocabulary lacks");

    private static (string Left, string Right) ReadMerge(JsonField item)
    {
        string[] parts = item.Value.ValueKind == System.Text.Json.JsonValueKind.Array
            ? [.. item.Items().Select(part => part.Text())] : item.Text().Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw item.Expected("a pair of tokens");
    }

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_ignoresMerges && IdOf(word) is { } whole)
        {
            ids.Add(whole);
            return;
        }
        if (word.Length > MaxCachedLength)
        {
            Merge(Symbols(word), ids);
            return;
        }
        if (!_cached.TryGetValue(word, out int[]? known))
        {
            var merged = new List<int>();
            Merge(Symbols(word), merged);
            known = [.. merged];
            if (_cache.Count < MaxCached)
                _cache.TryAdd(word.ToString(), known);
        }
        ids.AddRange(known);
    }

    /// <summary>
    /// The IDs of the characters. As in Hugging Face's implementation, byte tokens are added before a pending unknown token.
    /// </summary>
    private List<int> Symbols(ReadOnlySpan<char> word)
    {
        var symbols = new List<int>(word.Length);
        bool waiting = false;
        for (int start = 0; start < word.Length;)
        {
            int width = char.IsHighSurrogate(word[start]) ? 2 : 1;
            ReadOnlySpan<char> character = Decorated(word.Slice(start, width), start == 0, start + width == word.Length);
            start += width;
            if (IdOf(character) is { } id)
            {
                if (waiting)
                    symbols.Add(UnknownId());
                waiting = false;
                symbols.Add(id);
            }
            else if (!AddBytes(character, symbols) && _unknown is not null)
            {
                if (waiting && !_fusesUnknown)
                    symbols.Add(UnknownId());
                waiting = true;
            }
        }
        if (waiting)
            symbols.Add(UnknownId());
        return symbols;
    }

    private ReadOnlySpan<char> Decorated(ReadOnlySpan<char> character, bool isFirst, bool isLast)
    {
        string prefix = isFirst ? "" : _prefix, suffix = isLast ? _suffix : "";
        return prefix.Length + suffix.Length == 0 ? character : string.Concat(prefix, character, suffix);
    }

    private bool AddBytes(ReadOnlySpan<char> character, List<int> symbols)
    {
        if (_bytes is null)
            return false;
        byte[] utf8 = new byte[Encoding.UTF8.GetByteCount(character)];
        Encoding.UTF8.GetBytes(character, utf8);
        if (utf8.Any(value => _bytes[value] < 0))
            return false;
        symbols.AddRange(utf8.Select(value => _bytes[value]));
        return true;
    }

    private int UnknownId() =>
        IdOf(_unknown) ?? throw new InvalidDataException($"the vocabulary lacks the unknown token '{_unknown}'");

    private void Merge(List<int> symbols, List<int> ids)
    {
        int count = symbols.Count;
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<int, (int Rank, int Position)>();
        for (int i = 0; i < count; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            Queue(i);
        }
        while (queue.TryDequeue(out int left, out (int Rank, int) order))
        {
            int right = symbols[left] < 0 ? count : next[left];
            // The entry is stale because one of its symbols has been merged since.
            if (right == count || !_merges.TryGetValue((symbols[left], symbols[right]), out (int Rank, int Id) merge)
                || merge.Rank != order.Rank)
                continue;
            symbols[left] = merge.Id;
            symbols[right] = -1;
            next[left] = next[right];
            if (next[left] < count)
                previous[next[left]] = left;
            if (previous[left] >= 0)
                Queue(previous[left]);
            Queue(left);
        }
        foreach (int symbol in symbols)
        {
            if (symbol >= 0)
                ids.Add(symbol);
        }

        void Queue(int left)
        {
            if (next[left] < count && _merges.TryGetValue((symbols[left], symbols[next[left]]), out (int Rank, int) merge))
                queue.Enqueue(left, (merge.Rank, left));
        }
    }
}
