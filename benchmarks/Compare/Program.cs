using System.CommandLine;
using System.Globalization;
using DotMlx;
using DotMlx.Bindings;
using DotMlx.Compare;
using Spectre.Console;

var rounds = new Option<int>("--rounds") { Description = "Rounds per comparison, of which the median counts.", DefaultValueFactory = _ => 15 };
var only = new Option<string?>("--only") { Description = "Compares only what has this in its name." };
var command = new RootCommand("Does the same work from C, from the raw bindings and from DotMlx, in one process, and prints the ratios.") { rounds, only };
command.SetAction(result => Compare(Math.Max(1, result.GetValue(rounds)), result.GetValue(only)));
return command.Parse(args).Invoke();

static int Compare(int rounds, string? only)
{
    try
    {
        // A pipe or a file has no width of its own.
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 140);
        using CWork c = CWork.Build(MlxLibrary.Path);
        mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
        Mx.SetDefaultDevice(MlxDevice.Cpu);
        Console.WriteLine($"{MlxLibrary.Kind} {MlxLibrary.MlxVersion}, {MlxLibrary.Path}; {rounds} rounds");
        Contest[] contests = [.. Contests.All(c, stream).Where(contest => Named(contest.Name, only))];
        List<Result> results = [];
        foreach (Contest contest in contests)
        {
            Console.Error.Write(contest.Name + " ");
            results.Add(contest.Run(rounds, () => Console.Error.Write('.')));
            Console.Error.WriteLine();
        }

        if (results.Count > 0)
        {
            AnsiConsole.Write(Report.Times(results));
        }

        if (Named("memory", only))
        {
            AnsiConsole.Write(Report.Memory());
        }

        _ = Mlxc.mlx_stream_free(stream);
        return 0;
    }
    catch (Exception e) when (e is InvalidOperationException or MlxException or IOException)
    {
        Console.Error.WriteLine("compare: " + e.Message);
        return 1;
    }
}

static bool Named(string name, string? only) =>
    only is null || CultureInfo.InvariantCulture.CompareInfo.IndexOf(name, only, CompareOptions.IgnoreCase) >= 0;
