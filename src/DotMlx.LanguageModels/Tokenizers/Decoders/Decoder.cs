using System.Text;
using DotMlx.LanguageModels.Tokenizers.Normalizers;
using DotMlx.LanguageModels.Tokenizers.PreTokenizers;

namespace DotMlx.LanguageModels.Tokenizers.Decoders;

/// <summary>Converts tokens back to text.</summary>
internal abstract class Decoder
{
    public abstract List<string> Decode(List<string> tokens);

    /// <summary>Adds the UTF-8 bytes of a token, which may be incomplete characters; returns false if the token is text.</summary>
    public virtual bool TryReadBytes(string token, List<byte> bytes) => false;

    public static Decoder Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequenceDecoder([.. field.Get("decoders").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelDecoder(),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new WholeDecoder(string.Concat),
        "Replace" => new TokenDecoder(WithoutIndex(Replacement.Read(field).Apply)),
        "Strip" => new TokenDecoder(WithoutIndex(Strip(field))),
        "Metaspace" => new TokenDecoder(Metaspace(field)),
        "WordPiece" => new TokenDecoder(WordPiece(field.Get("prefix").Text(), field.Get("cleanup").Flag())),
        "BPEDecoder" => Suffix(field.Get("suffix").Text()),
        "CTC" => new CtcDecoder(field.Get("pad_token").Text(), field.Get("word_delimiter_token").Text(), field.Get("cleanup").Flag()),
        var other => throw field.Unknown($"the decoder '{other}'"),
    };

    private static Func<string, int, string> WithoutIndex(Func<string, string> decode) => (token, _) => decode(token);

    private static Func<string, string> Strip(JsonField field)
    {
        string content = field.Get("content").Character();
        int start = field.Get("start").Number(), stop = field.Get("stop").Number();
        return token =>
        {
            for (int i = 0; i < start && token.StartsWith(content, StringComparison.Ordinal); i++)
                token = token[content.Length..];
            for (int i = 0; i < stop && token.EndsWith(content, StringComparison.Ordinal); i++)
                token = token[..^content.Length];
            return token;
        };
    }

    private static Func<string, int, string> Metaspace(JsonField field)
    {
        string replacement = field.Get("replacement").Character();
        bool dropsFirst = MetaspacePreTokenizer.ReadScheme(field) != MetaspacePreTokenizer.PrependScheme.Never;
        return (token, index) => token.Replace(replacement, dropsFirst && index == 0 ? "" : " ", StringComparison.Ordinal);
    }

    private static Func<string, int, string> WordPiece(string prefix, bool cleansUp) => (token, index) =>
    {
        if (index > 0)
            token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        return cleansUp ? CleanUp.WordPiece(token) : token;
    };

    private static TokensDecoder Suffix(string suffix) => new(tokens =>
        [.. tokens.Select((token, i) =>
            suffix.Length == 0 ? token : token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))]);
}

internal sealed class SequenceDecoder(Decoder[] steps) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        foreach (Decoder step in steps)
            tokens = step.Decode(tokens);
        return tokens;
    }

    public override bool TryReadBytes(string token, List<byte> bytes) => steps.Any(step => step.TryReadBytes(token, bytes));
}

/// <summary>A decoder that changes each token separately, by its text and position.</summary>
internal sealed class TokenDecoder(Func<string, int, string> decode) : Decoder
{
    public override List<string> Decode(List<string> tokens) => [.. tokens.Select(decode)];
}

internal sealed class TokensDecoder(Func<List<string>, List<string>> decode) : Decoder
{
    public override List<string> Decode(List<string> tokens) => decode(tokens);
}

/// <summary>A decoder that joins all tokens into one text.</summary>
internal sealed class WholeDecoder(Func<List<string>, string> decode) : Decoder
{
    public override List<string> Decode(List<string> tokens) => [decode(tokens)];
}

internal sealed class ByteLevelDecoder : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
            ByteAlphabet.Read(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    public override bool TryReadBytes(string token, List<byte> bytes)
    {
        ByteAlphabet.Read(token, bytes);
        return true;
    }
}

/// <summary>
/// Joins runs of tokens such as <c>&lt;0xE4&gt;</c>; a run that isn't valid UTF-8 becomes one replacement character per byte.
/// </summary>
internal sealed class ByteFallbackDecoder : Decoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (string token in tokens)
        {
            if (TryReadBytes(token, run))
                continue;
            EndRun(run, result);
            result.Add(token);
        }
        EndRun(run, result);
        return result;
    }

    public override bool TryReadBytes(string token, List<byte> bytes)
    {
        if (token.Length != 6 || !token.StartsWith("<0x", StringComparison.Ordinal) || token[5] != '>'
            || !byte.TryParse(token.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte value))
            return false;
        bytes.Add(value);
        return true;
    }

    private static void EndRun(List<byte> run, List<string> result)
    {
        if (run.Count == 0)
            return;
        try
        {
            result.Add(Strict.GetString([.. run]));
        }
        catch (DecoderFallbackException)
        {
            result.AddRange(Enumerable.Repeat("\uFFFD", run.Count));
        }
        run.Clear();
    }
}

internal sealed class CtcDecoder(string pad, string delimiter, bool cleansUp) : Decoder
{
    public override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>();
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1])
                continue;
            string token = pad.Length == 0 ? tokens[i] : tokens[i].Replace(pad, "", StringComparison.Ordinal);
            if (cleansUp && delimiter.Length > 0)
                token = CleanUp.WordPiece(token).Replace(delimiter, " ", StringComparison.Ordinal);
            if (token.Length > 0)
                result.Add(token);
        }
        return result;
    }
}
