namespace DotMlx.LanguageModels;

/// <summary>Detects stop strings, even if they span several pieces.</summary>
internal sealed class StopStrings(IReadOnlyList<string> strings)
{
    private string _held = "";

    /// <summary>Adds the next piece.</summary>
    /// <returns>The text that is now final, and whether a stop string follows it.</returns>
    internal (string Text, bool Found) Add(string piece)
    {
        if (strings.Count == 0)
        {
            return (piece, false);
        }
        string text = _held + piece;
        int first = -1;
        foreach (string stop in strings)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }
        if (first >= 0)
        {
            _held = "";
            return (text[..first], true);
        }
        int held = strings.Max(stop => Beginning(text, stop));
        _held = text[(text.Length - held)..];
        return (text[..(text.Length - held)], false);
    }

    /// <summary>Returns the text that was held back, at the end of the generation.</summary>
    internal string Finish()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    /// <summary>The number of last characters that are the beginning of a stop string.</summary>
    private static int Beginning(string text, string stop)
    {
        for (int length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
            {
                return length;
            }
        }
        return 0;
    }
}
