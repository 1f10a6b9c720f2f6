using System.CommandLine;
using DotMlx;
using DotMlx.Collectives;

// This program also runs as each rank.
if (args is ["rank", var rounds])
{
    return Rank.Run(int.Parse(rounds, System.Globalization.CultureInfo.InvariantCulture));
}

var ranks = new Option<int>("--ranks")
    { Description = "Processes, connected by MLX's ring over the loopback interface.", DefaultValueFactory = _ => 2 };
var repeats = new Option<int>("--rounds") { Description = "Rounds per size; the median is reported.", DefaultValueFactory = _ => 7 };
var command = new RootCommand("Measures all-sum between processes: DotMlx, the raw bindings, and, "
    + "if it is installed, Python's MLX.") { ranks, repeats };
command.SetAction(result => Measure(Math.Clamp(result.GetValue(ranks), 2, 16), Math.Max(1, result.GetValue(repeats))));
return command.Parse(args).Invoke();

static int Measure(int ranks, int rounds)
{
    if (!Mx.Distributed.IsAvailable("ring"))
    {
        Console.Error.WriteLine($"collectives: the library in use ({MlxLibrary.Path}) has no ring backend: install MLX.");
        return 1;
    }

    try
    {
        string number = rounds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        IReadOnlyList<Timing> own = Launcher.Run(ranks, Environment.ProcessPath!, [.. Self(), "rank", number]);
        IReadOnlyList<Timing> python = Launcher.HasPython()
            ? Launcher.Run(ranks, "python3", [Path.Combine(AppContext.BaseDirectory, "all_sum.py"), number,
                .. Sizes.All.Select(size => size.ToString(System.Globalization.CultureInfo.InvariantCulture))])
            : [];
        Report.Print(ranks, rounds, [.. own, .. python]);
        return 0;
    }
    catch (Exception e) when (e is MlxException or InvalidOperationException or IOException)
    {
        Console.Error.WriteLine("collectives: " + e.Message);
        return 1;
    }
}

// If the program was started as 'dotnet Collectives.dll', the first argument is the assembly.
static string[] Self() =>
    Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Rank).Assembly.Location] : [];
