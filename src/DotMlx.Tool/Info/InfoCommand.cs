using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace DotMlx.Tool.Info;

/// <summary><c>dotnet mlx info</c>: shows the library in use, its features, and why it was chosen.</summary>
internal static class InfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new Command("info", "Shows the library in use, its versions, devices, and memory, and every path tried.") { json };
        command.SetAction(result => Run(terminal, result.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, bool json)
    {
        IReadOnlyList<MlxLibraryAttempt> attempts = MlxLibrary.Attempts;
        LibraryFacts? facts = attempts is [.., { Failure: null }] ? LibraryFacts.Read() : null;
        if (json)
        {
            terminal.Json(ToJson(facts, attempts));
        }
        else
        {
            Show(terminal, facts, attempts);
        }

        if (facts is null)
        {
            terminal.Error.WriteLine($"dotnet mlx info: no MLX library loads; {Advice}");
            return ToolCommand.Failure;
        }

        return ToolCommand.Success;
    }

    private static string Advice => OperatingSystem.IsMacOS()
        ? "install it with 'brew install mlx-c', or set DOTMLX_LIBRARY to the full path of libmlxc.dylib."
        : "install MLX and mlx-c below /usr/local, set MLX_C_PREFIX to their prefix, or set DOTMLX_LIBRARY to the full path of libmlxc.";

    private static string DotMlxVersion =>
        typeof(Mx).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static void Show(Terminal terminal, LibraryFacts? facts, IReadOnlyList<MlxLibraryAttempt> attempts)
    {
        List<(string Name, string Value)> lines =
        [
            ("DotMlx", DotMlxVersion),
            (".NET", $"{Environment.Version} on {RuntimeInformation.RuntimeIdentifier}"),
        ];
        if (facts is null)
        {
            lines.Add(("library", "none"));
        }
        else
        {
            lines.AddRange(
            [
                ("library", facts.Path),
                ("kind", facts.Kind == MlxLibraryKind.Mlx ? "MLX" : "reference library (accurate, on the CPU, slow)"),
                ("MLX", facts.MlxVersion),
                ("mlx-c", facts.MlxcVersion),
                ("devices", string.Join(", ",
                    facts.Devices.Select(device => device.Name == facts.DefaultDevice ? $"{device.Name} (default)" : device.Name))),
                ("GPU", facts.WhyNoGpu is { } reason ? $"{facts.Gpu}: {Units.OneLine(reason, 400)}" : facts.Gpu),
            ]);
            lines.AddRange(facts.Devices.SelectMany(device => device.Facts.Select(fact => ($"{device.Name} {fact.Key}", Readable(fact)))));
            lines.AddRange(facts.Memory.Select(figure => ($"memory, {figure.Key}", Units.Bytes(figure.Value))));
        }

        int width = lines.Max(line => line.Name.Length);
        foreach ((string name, string value) in lines)
        {
            terminal.Line($"{name.PadRight(width)}  {value}");
        }

        terminal.Line();
        terminal.Table(
            ["tried, in this order", "because", "result"],
            [.. attempts.Select(attempt =>
                new[] { attempt.Path, attempt.Origin, attempt.Failure is { } failure ? Units.OneLine(failure, 400) : "in use" })]);
    }

    private static string Readable(KeyValuePair<string, object> fact) => fact.Value is long number && IsBytes(fact.Key)
        ? Units.Bytes(number)
        : fact.Value.ToString()!;

    private static bool IsBytes(string key) =>
        key.Contains("memory", StringComparison.Ordinal) || key.EndsWith("size", StringComparison.Ordinal)
            || key.EndsWith("length", StringComparison.Ordinal);

    private static JsonObject ToJson(LibraryFacts? facts, IReadOnlyList<MlxLibraryAttempt> attempts) => new()
    {
        ["dotmlx"] = DotMlxVersion,
        ["dotnet"] = Environment.Version.ToString(),
        ["rid"] = RuntimeInformation.RuntimeIdentifier,
        ["library"] = facts?.Path,
        ["kind"] = facts is null ? null : facts.Kind == MlxLibraryKind.Mlx ? "mlx" : "reference",
        ["mlx"] = facts?.MlxVersion,
        ["mlxC"] = facts?.MlxcVersion,
        ["gpu"] = facts?.Gpu,
        ["whyNoGpu"] = facts?.WhyNoGpu,
        ["defaultDevice"] = facts?.DefaultDevice,
        ["devices"] = new JsonArray([.. (facts?.Devices ?? []).Select(device => (JsonNode)new JsonObject
        {
            ["name"] = device.Name,
            ["facts"] = new JsonObject(device.Facts.Select(fact => KeyValuePair.Create(
                fact.Key, fact.Value is long number ? JsonValue.Create(number) : (JsonNode?)JsonValue.Create(fact.Value.ToString())))),
        })]),
        ["memory"] = facts is null
            ? null
            : new JsonObject(facts.Memory.Select(figure => KeyValuePair.Create(figure.Key, (JsonNode?)JsonValue.Create(figure.Value)))),
        ["attempts"] = new JsonArray([.. attempts.Select(attempt => (JsonNode)new JsonObject
        {
            ["path"] = attempt.Path, ["because"] = attempt.Origin, ["failure"] = attempt.Failure,
        })]),
    };
}
