using ScottPlot;

namespace DotMlx.Tool.Lora;

/// <summary>Draws the curves of a run: the losses over the batches.</summary>
internal static class Curves
{
    private const int Width = 1000;
    private const int Height = 560;
    private const string FontName = "DejaVu Sans Ascii";

    public static void Save(string path, IReadOnlyList<(int Iteration, double Loss)> training,
        IReadOnlyList<(int Iteration, double Loss)> validation)
    {
        // On a machine without fonts, such as a container, the curves have no text.
        Fonts.AddFontFile(FontName, Path.Combine(AppContext.BaseDirectory, "fonts", "DejaVuSans-Ascii.ttf"));
        Plot plot = new();
        Add(plot, "training", training, "#1f77b4");
        Add(plot, "validation", validation, "#d62728");
        plot.Title("Loss per token");
        plot.XLabel("batch");
        plot.ShowLegend(Alignment.UpperRight);
        plot.Font.Set(FontName);
        plot.SavePng(path, Width, Height);
    }

    private static void Add(Plot plot, string name, IReadOnlyList<(int Iteration, double Loss)> points, string color)
    {
        if (points.Count == 0)
        {
            return;
        }
        ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(
            points.Select(point => (double)point.Iteration).ToArray(), points.Select(point => point.Loss).ToArray());
        curve.LegendText = name;
        curve.Color = Color.FromHex(color);
        curve.LineWidth = 2;
        curve.MarkerSize = points.Count > 60 ? 0 : 5;
    }
}
