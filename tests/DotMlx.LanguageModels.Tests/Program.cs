namespace DotMlx.LanguageModels.Tests;

/// <summary>What the suite starts as a process of its own.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => arguments switch
    {
        ["tune", var folder, var checkpoints, var iterations] => TuningChild.Run(folder, checkpoints, int.Parse(iterations, System.Globalization.CultureInfo.InvariantCulture)),
        _ => 2,
    };
}
