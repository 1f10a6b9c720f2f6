using System.Text;

namespace DotMlx.Tool.Chat;

/// <summary>
/// Reads a line from the keyboard, with editing, and with earlier lines on the arrow keys. It shows only the part of the line that fits in
/// the width, so that no line of the terminal wraps.
/// </summary>
internal sealed class LineEditor(TextWriter output, Func<ConsoleKeyInfo> readKey, Func<int> width)
{
    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private int _cursor;
    private int _recalled;
    private string _draft = "";

    /// <summary>Reads a line.</summary>
    /// <returns>The line, or null if the user ends the input.</returns>
    public string? ReadLine(string prompt)
    {
        _line.Clear();
        (_cursor, _recalled, _draft) = (0, _history.Count, "");
        while (true)
        {
            Show(prompt);
            ConsoleKeyInfo key = readKey();
            bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
            if (key.Key == ConsoleKey.Enter)
            {
                output.WriteLine();
                return Remember(_line.ToString());
            }
            if (control && key.Key == ConsoleKey.D && _line.Length == 0)
            {
                output.WriteLine();
                return null;
            }
            if (!(control ? EditByControl(key.Key) : Edit(key.Key)) && !char.IsControl(key.KeyChar))
            {
                _line.Insert(_cursor++, key.KeyChar);
            }
        }
    }

    private string Remember(string line)
    {
        if (line.Length > 0 && (_history.Count == 0 || _history[^1] != line))
        {
            _history.Add(line);
        }
        return line;
    }

    private bool Edit(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.LeftArrow:
                _cursor = Before(_cursor);
                return true;
            case ConsoleKey.RightArrow:
                _cursor = After(_cursor);
                return true;
            case ConsoleKey.Home:
                _cursor = 0;
                return true;
            case ConsoleKey.End:
                _cursor = _line.Length;
                return true;
            case ConsoleKey.Backspace:
                Remove(Before(_cursor), _cursor);
                return true;
            case ConsoleKey.Delete:
                Remove(_cursor, After(_cursor));
                return true;
            case ConsoleKey.UpArrow:
                Recall(_recalled - 1);
                return true;
            case ConsoleKey.DownArrow:
                Recall(_recalled + 1);
                return true;
            default:
                return false;
        }
    }

    private bool EditByControl(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.A:
                return Edit(ConsoleKey.Home);
            case ConsoleKey.E:
                return Edit(ConsoleKey.End);
            case ConsoleKey.D:
                return Edit(ConsoleKey.Delete);
            case ConsoleKey.U:
                Remove(0, _cursor);
                return true;
            case ConsoleKey.K:
                Remove(_cursor, _line.Length);
                return true;
            case ConsoleKey.W:
                string before = _line.ToString(0, _cursor).TrimEnd();
                Remove(before.LastIndexOf(' ') + 1, _cursor);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Shows a line of the history in place of the current one, which follows the last one.</summary>
    private void Recall(int index)
    {
        if (index < 0 || index > _history.Count)
        {
            return;
        }
        if (_recalled == _history.Count)
        {
            _draft = _line.ToString();
        }
        _recalled = index;
        _line.Clear().Append(index == _history.Count ? _draft : _history[index]);
        _cursor = _line.Length;
    }

    private void Remove(int start, int end)
    {
        _line.Remove(start, end - start);
        _cursor = start;
    }

    private int Before(int at) => at >= 2 && char.IsLowSurrogate(_line[at - 1]) ? at - 2 : Math.Max(0, at - 1);

    private int After(int at) => at + 1 < _line.Length && char.IsHighSurrogate(_line[at]) ? at + 2 : Math.Min(_line.Length, at + 1);

    private void Show(string prompt)
    {
        int room = Math.Max(8, width() - prompt.Length - 1), start = Math.Max(0, _cursor - room + 1);
        string visible = _line.ToString(start, Math.Min(room, _line.Length - start));
        output.Write($"\r\e[K{prompt}{visible}\r\e[{prompt.Length + _cursor - start}C");
        output.Flush();
    }
}
