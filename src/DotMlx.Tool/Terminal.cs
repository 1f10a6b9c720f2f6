using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace DotMlx.Tool;

/// <summary>The output of a command: tables with frames in a terminal, aligned plain text if the output is redirected.</summary>
internal sealed class Terminal(IAnsiConsole console, TextWriter error)
{
    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public TextWriter Output => console.Profile.Out.Writer;

    public TextWriter Error => error;

    public bool IsInteractive => console.Profile.Out.IsTerminal;

    /// <summary>Whether a line of the error output that is overwritten repeatedly is useful.</summary>
    public bool ShowsProgress { get; init; }

    /// <summary>The input from the user or a pipe.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Reads a key without showing it; null if the input isn't a keyboard.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    public void Line(string text = "") => Output.WriteLine(text);

    public void Note(string text) => Error.WriteLine($"note: {text}");

    /// <summary>Writes less important text, dimmed in a terminal.</summary>
    public void Dim(string text) => console.Write(new Text(text, new Style(decoration: Decoration.Dim)));

    /// <summary>Overwrites the previous line of the error output; an empty text ends it.</summary>
    public void Progress(string text)
    {
        if (ShowsProgress)
        {
            Error.Write(text.Length == 0 ? "\r\e[K" : $"\r\e[K{Units.OneLine(text, Math.Max(20, console.Profile.Width - 1))}");
        }
    }

    public void Json(JsonNode node) => Output.WriteLine(node.ToJsonString(JsonOptions));

    /// <summary>Writes a table. The names of numeric columns end with <c>#</c>, which isn't shown.</summary>
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
