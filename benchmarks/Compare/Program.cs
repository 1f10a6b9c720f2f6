using System.CommandLine;
using System.Globalization;
using DotMlx;
using DotMlx.Bindings;
using DotMlx.Compare;
using Spectre.Console;

var rounds = new Option<int>("--rounds")
    { Description = "Rounds per comparison; the median is reported.", DefaultValueFactory = _ => 25 };
var only = new Option<string?>("--only") { Description = "Runs only comparisons whose name contains this text." };
var device = new Option<DeviceType>("--device") { Description = "The device of all three.", DefaultValueFactory = _ => DeviceType.Cpu };
var command = new RootCommand("Does the same work from C, from the raw bindings, and from DotMlx in one process, and prints the ratios.")
    { rounds, only, device };
command.SetAction(result => Compare(Math.Max(1, result.GetValue(rounds)), result.GetValue(only), new(result.GetValue(device))));
return command.Parse(args).Invoke();

static int Compare(int rounds, string? only, MlxDevice device)
{
    try
    {
        // A pipe or a file has no width.
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150);
        using CWork c = CWork.Build(MlxLibrary.Path);
        Mx.SetDefaultDevice(device);
        using OwnThread? thread = device.Type == DeviceType.Gpu ? new() : null;
        mlx_stream stream = thread?.Run(StreamOfThisThread) ?? DefaultStream();
        Console.WriteLine($"{MlxLibrary.Kind} {MlxLibrary.MlxVersion}, {MlxLibrary.Path}, {device}; {rounds} rounds");
        Contest[] contests = [.. Contests.All(c, stream).Where(contest => Named(contest.Name, only)).Select(contest => contest.On(thread))];
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

// All three use DotMlx's stream, because each stream has a thread, and two threads may run on processors of different speed.
static unsafe mlx_stream DefaultStream()
{
    using MlxArray first = Mx.Zeros(1);
    Mx.Eval(first);
    mlx_stream stream = Mlxc.mlx_default_cpu_stream_new();
    int index;
    return Mlxc.mlx_stream_get_index(&index, stream) == 0 && index == Mx.DefaultStream(MlxDevice.Cpu).Index
        ? stream
        : throw new InvalidOperationException($"C would compute on stream {index}, DotMlx on {Mx.DefaultStream(MlxDevice.Cpu)}.");
}

// MLX binds a GPU's stream to the thread that makes it: DotMlx has a thread of its own, and C and the raw bindings share another one.
static mlx_stream StreamOfThisThread()
{
    mlx_device gpu = Mlxc.mlx_device_new_type(mlx_device_type.MLX_GPU, 0);
    mlx_stream stream = Mlxc.mlx_stream_new_device(gpu);
    _ = Mlxc.mlx_device_free(gpu);
    return Mlxc.mlx_set_default_stream(stream) == 0 ? stream : throw new InvalidOperationException("The GPU has no stream.");
}

static bool Named(string name, string? only) =>
    only is null || CultureInfo.InvariantCulture.CompareInfo.IndexOf(name, only, CompareOptions.IgnoreCase) >= 0;
