using System.Globalization;
using System.Text;

namespace DotMlx.NN;

public abstract partial class Module
{
    private static readonly string[] SummaryTitles = ["Layer", "Type", "Parameters", "Count", "Trainable"];

    /// <summary>The number of elements of all parameters and buffers.</summary>
    public long ParameterCount() => Parameters().Leaves.Sum(static array => array.Size);

    /// <summary>
    /// A table with one line per module that has its own parameters: the path, the type, the shapes of the parameters, their number of
    /// elements, and how many of those are trained. The last line contains the totals.
    /// </summary>
    public string Summary()
    {
        List<string[]> rows = [SummaryTitles];
        long total = 0, trainable = 0;
        AddSummary(this, "", rows, ref total, ref trainable);
        rows.Add(["Total", "", "", Count(total), Count(trainable)]);

        int[] widths = [.. SummaryTitles.Select((_, column) => rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        for (int i = 0; i < rows.Count; i++)
        {
            if (i == 1 || i == rows.Count - 1)
            {
                text.AppendLine(new string('-', widths.Sum() + (2 * (widths.Length - 1))));
            }
            string line = string.Join("  ",
                rows[i].Select((cell, column) => column < 3 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            text.AppendLine(line.TrimEnd());
        }
        return text.ToString();
    }

    private static void AddSummary(Module module, string path, List<string[]> rows, ref long total, ref long trainable)
    {
        using Nesting level = Nesting.Enter();
        static bool IsOwn(Module owner, string key, object value) => value is not Module && IsParameter(owner, key, value);

        IReadOnlyList<KeyValuePair<string, MlxArray>> own = module.FilterAndMap(IsOwn).Flatten();
        if (own.Count > 0)
        {
            long trained = module.FilterAndMap((m, key, value) => IsOwn(m, key, value) && IsTrainableParameter(m, key, value))
                .Leaves.Sum(static array => array.Size);
            long all = own.Sum(static item => item.Value.Size);
            string shapes = string.Join(", ", own.Select(item => item.Key + " " + ModuleUpdate.Shape(item.Value)));
            rows.Add([path.Length == 0 ? "(self)" : path, module.GetType().Name, shapes, Count(all), Count(trained)]);
            total += all;
            trainable += trained;
        }
        foreach ((string childPath, Module child) in module.Children())
        {
            // Members with a leading underscore hold no parameters, regardless of the modules below them.
            if (childPath[0] != '_')
            {
                AddSummary(child, TreePaths.Join(path, childPath), rows, ref total, ref trainable);
            }
        }
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
