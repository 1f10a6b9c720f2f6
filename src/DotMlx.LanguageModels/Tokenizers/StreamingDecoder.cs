using System.Text;
using DotMlx.LanguageModels.Tokenizers.Decoders;

namespace DotMlx.LanguageModels;

/// <summary>
/// Decodes token IDs as they arrive. The returned texts never end within a character, and together they form the text that
/// <see cref="Tokenizer.Decode"/> returns. There is one exception: if a run of byte tokens turns out to be invalid UTF-8 after some of its
/// characters were returned, these characters are kept. This class isn't thread-safe.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;

    /// <summary>
    /// The recent tokens, beginning before the last returned text, because the text of a token can depend on its neighbors.
    /// </summary>
    private readonly List<string> _window = [];
    private readonly StringBuilder _unclean = new();
    private int _returned;

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens) =>
        (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>
    /// Adds the next token ID, and returns the text that is now complete: often none, and sometimes the text of several tokens.
    /// </summary>
    /// <param name="id">The token ID.</param>
    public string Add(int id)
    {
        if (_tokenizer.TokenToDecode(id, _skipSpecialTokens) is not { } token)
            return "";
        _window.Add(token);
        return Clean(Advance(_window.Count - TokensOfIncompleteCharacter()), isLast: false);
    }

    /// <summary>Returns the text that was held back, and prepares the decoder for another sequence.</summary>
    public string Finish()
    {
        string text = Clean(Advance(_window.Count), isLast: true);
        _window.Clear();
        _returned = 0;
        return text;
    }

    /// <summary>Returns the text of the window's tokens before <paramref name="end"/> that hasn't been returned yet.</summary>
    private string Advance(int end)
    {
        if (end <= _returned)
            return "";
        string before = _tokenizer.DecodeTokens(_window[.._returned]), all = _tokenizer.DecodeTokens(_window[..end]);
        string text = all.Length > before.Length ? all[before.Length..] : "";
        // The tokens of the last returned text stay, because they are neighbors of the next tokens.
        if (text.Length > 0)
        {
            _window.RemoveRange(0, _returned);
            _returned = end - _returned;
        }
        else
            _returned = end;
        return text;
    }

    /// <summary>The number of last tokens that contain the bytes of an incomplete character.</summary>
    private int TokensOfIncompleteCharacter()
    {
        var bytes = new List<byte>();
        for (int count = 1; count <= _window.Count - _returned; count++)
        {
            var token = new List<byte>();
            if (!_tokenizer.TryReadBytes(_window[^count], token))
                break;
            bytes.InsertRange(0, token);
            if (HasIncompleteTail(bytes))
                return count;
            if (bytes.Count >= 4 || bytes.Count > 0 && (bytes[0] & 0xC0) != 0x80)
                break;
        }
        return 0;
    }

    /// <summary>Whether the last bytes begin a character without ending it.</summary>
    private static bool HasIncompleteTail(List<byte> bytes)
    {
        for (int length = 1; length <= Math.Min(3, bytes.Count); length++)
        {
            byte first = bytes[^length];
            if ((first & 0xC0) == 0x80)
                continue;
            Span<byte> tail = stackalloc byte[3];
            for (int i = 0; i < length; i++)
                tail[i] = bytes[bytes.Count - length + i];
            return Rune.DecodeFromUtf8(tail[..length], out _, out _) == System.Buffers.OperationStatus.NeedMoreData;
        }
        return false;
    }

    private string Clean(string text, bool isLast)
    {
        if (!_tokenizer.CleansUp)
            return text;
        string all = _unclean.Append(text).ToString();
        int length = isLast ? all.Length : CleanUp.SafeLength(all);
        _unclean.Clear().Append(all, length, all.Length - length);
        return CleanUp.Text(all[..length]);
    }
}
