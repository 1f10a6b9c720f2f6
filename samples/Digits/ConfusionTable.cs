using System.Globalization;
using Spectre.Console;

namespace DotMlx.Samples.Digits;

internal static class ConfusionTable
{
    /// <summary>Prints one row per actual digit and one column per predicted digit; counts off the diagonal are mistakes.</summary>
    public static Table Create(Evaluation evaluation)
    {
        Table table = new Table().Border(TableBorder.Rounded).Title("Held-out digits: actual (rows) and predicted (columns)");
        table.AddColumn(new TableColumn(string.Empty).RightAligned());
        for (int predicted = 0; predicted < DigitsData.ClassCount; predicted++)
        {
            table.AddColumn(new TableColumn(predicted.ToString(CultureInfo.InvariantCulture)).RightAligned());
        }

        table.AddColumn(new TableColumn("right").RightAligned());
        for (int actual = 0; actual < DigitsData.ClassCount; actual++)
        {
            var cells = new List<string> { $"[bold]{actual}[/]" };
            for (int predicted = 0; predicted < DigitsData.ClassCount; predicted++)
            {
                cells.Add(Cell(evaluation[actual, predicted], actual == predicted));
            }

            float recall = evaluation.Recall(actual);
            cells.Add(float.IsNaN(recall) ? "-" : string.Create(CultureInfo.InvariantCulture, $"{recall:P1}"));
            table.AddRow([.. cells]);
        }

        return table;
    }

    private static string Cell(int count, bool diagonal) => (count, diagonal) switch
    {
        (0, _) => "[grey]·[/]",
        (_, true) => string.Create(CultureInfo.InvariantCulture, $"[green]{count}[/]"),
        _ => string.Create(CultureInfo.InvariantCulture, $"[red]{count}[/]"),
    };
}
