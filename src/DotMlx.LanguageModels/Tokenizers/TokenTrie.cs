using System.Buffers;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>Finds the leftmost token in a text, and the longest one if several begin there.</summary>
internal sealed class TokenTrie
{
    private readonly Node _root = new();
    private SearchValues<char>? _first;

    public void Add(string token, int id)
    {
        Node node = _root;
        foreach (char c in token)
        {
            if (!node.Next.TryGetValue(c, out Node? next))
                node.Next[c] = next = new Node();
            node = next;
        }
        node.Id = id;
        _first = null;
    }

    /// <summary>Returns the first match at or after <paramref name="from"/>, or null.</summary>
    public (int Start, int End, int Id)? Find(ReadOnlySpan<char> text, int from)
    {
        if (_root.Next.Count == 0)
            return null;
        _first ??= SearchValues.Create([.. _root.Next.Keys]);
        for (int start = from; start < text.Length; start++)
        {
            int skip = text[start..].IndexOfAny(_first);
            if (skip < 0)
                return null;
            start += skip;
            Node? node = _root;
            (int, int, int)? longest = null;
            for (int i = start; i < text.Length && node.Next.TryGetValue(text[i], out node); i++)
            {
                if (node.Id >= 0)
                    longest = (start, i + 1, node.Id);
            }
            if (longest is not null)
                return longest;
        }
        return null;
    }

    private sealed class Node
    {
        public Dictionary<char, Node> Next { get; } = [];

        public int Id { get; set; } = -1;
    }
}
