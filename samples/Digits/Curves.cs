using ScottPlot;

namespace DotMlx.Samples.Digits;

/// <summary>Draws the curves of a run over its epochs: the loss on the left, the accuracy on the right.</summary>
internal static class Curves
{
    private const int Width = 1200;
    private const int Height = 480;
    private const string FontName = "DejaVu Sans Ascii";

    /// <summary>Draws the history as a PNG.</summary>
    /// <exception cref="UserErrorException">The file can't be written.</exception>
    public static void Save(IReadOnlyList<EpochRecord> history, string path)
    {
        // On a machine without fonts, such as a container, the curves have no text.
        Fonts.AddFontFile(FontName, Path.Combine(AppContext.BaseDirectory, "fonts", "DejaVuSans-Ascii.ttf"));
        var picture = new Multiplot();
        picture.AddPlots(2);
        picture.Layout = new ScottPlot.MultiplotLayouts.Columns();

        Plot loss = picture.GetPlot(0);
        Draw(loss, "Cross-entropy, smoothed labels", history, record => record.Loss, record => record.HeldOutLoss);
        loss.Axes.SetLimitsY(0, history.Max(record => Math.Max(record.Loss, record.HeldOutLoss)) * 1.05);
        loss.ShowLegend(Alignment.UpperRight);

        Plot accuracy = picture.GetPlot(1);
        Draw(accuracy, "Accuracy (%)", history, record => record.Accuracy * 100, record => record.HeldOutAccuracy * 100);
        accuracy.Axes.SetLimitsY(Math.Min(90, Math.Floor(history.Min(record => Math.Min(record.Accuracy, record.HeldOutAccuracy)) * 100)),
            100.5);
        accuracy.ShowLegend(Alignment.LowerRight);

        OutputFile.Write(path, () => picture.SavePng(path, Width, Height));
    }

    private static void Draw(
        Plot plot, string title, IReadOnlyList<EpochRecord> history, Func<EpochRecord, float> training, Func<EpochRecord, float> heldOut)
    {
        double[] epochs = [.. Enumerable.Range(1, history.Count).Select(epoch => (double)epoch)];
        Add("training", training, "#1f77b4");
        Add("held-out fifth", heldOut, "#d62728");
        plot.Title(title);
        plot.XLabel("epoch");
        plot.Axes.SetLimitsX(history.Count == 1 ? 0 : 1, Math.Max(2, history.Count));
        plot.Font.Set(FontName);

        void Add(string name, Func<EpochRecord, float> figure, string color)
        {
            ScottPlot.Plottables.Scatter curve = plot.Add.Scatter(epochs, history.Select(record => (double)figure(record)).ToArray());
            curve.LegendText = name;
            curve.Color = Color.FromHex(color);
            curve.LineWidth = 2;
            curve.MarkerSize = history.Count > 40 ? 0 : 5;
        }
    }
}
