using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace DotMlx.Tool;

/// <summary>Where a command writes: tables with frames on a terminal, plain aligned text where the output is redirected.</summary>
internal sealed class Terminal(IAnsiConsole console, TextWriter error)
{
    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public TextWriter Output => console.Profile.Out.Writer;

    public TextWriter Error => error;

    public bool IsInteractive => console.Profile.Out.IsTerminal;

    /// <summary>Whether a line on the error output that is written over and over is of use.</summary>
    public bool ShowsProgress { get; init; }

    /// <summary>The input that the user or a pipe writes.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Reads a key without showing it; null where the input is no keyboard.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    public void Line(string text = "") => Output.WriteLine(text);

    public void Note(string text) => Error.WriteLine($"note: {text}");

    /// <summary>Writes text that stands back behind the rest, where the output is a terminal.</summary>
    public void Dim(string text) => console.Write(new Text(text, new Style(decoration: Decoration.Dim)));

    /// <summary>Writes a line of the error output over the one before; an empty text ends it.</summary>
    public void Progress(string text)
    {
        if (ShowsProgress)
        {
            Error.Write(text.Length == 0 ? "\r\e[K" : $"\r\e[K{Units.OneLine(text, Math.Max(20, console.Profile.Width - 1))}");
        }
    }

    public void Json(JsonNode node) => Output.WriteLine(node.ToJsonString(JsonOptions));

    /// <summary>Writes a table; the names of columns of numbers end with <c>#</c>, which is not shown.</summary>
    public void Table(string[] columns, IReadOnlyList<string[]> rows)
    {
        if (IsInteractive)
        {
            Framed(columns, rows);
        }
        else
        {
            Plain(columns, rows);
        }
    }

    private static bool IsNumeric(string column) => column.EndsWith('#');

    private static string Title(string column) => column.TrimEnd('#');

    private void Framed(string[] columns, IReadOnlyList<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(new Text(Title(column)))
            {
                Alignment = IsNumeric(column) ? Justify.Right : Justify.Left, NoWrap = IsNumeric(column),
            });
        }

        foreach (string[] row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        console.Write(table);
    }

    private void Plain(string[] columns, IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. columns.Select((column, i) => rows.Select(row => row[i].Length).Append(Title(column).Length).Max())];
        WriteRow([.. columns.Select(Title)]);
        foreach (string[] row in rows)
        {
            WriteRow(row);
        }

        void WriteRow(string[] cells) => Output.WriteLine(
            string.Join("  ", cells.Select((cell, i) => IsNumeric(columns[i]) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])))
                .TrimEnd());
    }
}
