namespace DotMlx.LanguageModels.Tokenizers.Models;

/// <summary>
/// WordPiece: repeatedly takes the longest token that begins the rest of the word. A word that can't be split completely becomes one
/// unknown token.
/// </summary>
internal sealed class WordPieceModel(JsonField field) : Model(Vocabulary.Read(field.Get("vocab")))
{
    private readonly string _unknown = field.Get("unk_token").Text();
    private readonly string _prefix = field.Get("continuing_subword_prefix").Text();
    private readonly int _longestWord = field.Get("max_input_chars_per_word").Number();

    public override void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        int first = ids.Count;
        if (word.Length > _longestWord && CharactersOf(word) > _longestWord || !TryEncode(word, ids))
        {
            ids.RemoveRange(first, ids.Count - first);
            ids.Add(IdOf(_unknown) ?? throw new InvalidDataException($"the vocabulary lacks the unknown token '{_unknown}'"));
        }
    }

    private static int CharactersOf(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (System.Text.Rune _ in word.EnumerateRunes())
            count++;
        return count;
    }

    private bool TryEncode(ReadOnlySpan<char> word, List<int> ids)
    {
        for (int start = 0; start < word.Length;)
        {
            // Tokens after the first one have the prefix. Text longer than any token needs no lookup.
            int before = start == 0 ? 0 : _prefix.Length;
            int length = Math.Min(word.Length - start, Vocabulary.Longest);
            char[]? buffer = before == 0 ? null : [.. _prefix, .. word.Slice(start, length)];
            ReadOnlySpan<char> rest = buffer is null ? word.Slice(start, length) : buffer;
            int? id = null;
            while (length > 0 && (id = IdOf(rest[..(before + length)])) is null)
                length -= length > 1 && char.IsLowSurrogate(rest[before + length - 1]) ? 2 : 1;
            if (id is null)
                return false;
            ids.Add(id.Value);
            start += length;
        }
        return true;
    }
}
