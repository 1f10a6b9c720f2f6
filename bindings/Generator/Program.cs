using System.CommandLine;
using DotMlx.Generator;
using DotMlx.Generator.Api;

var headers = new Option<DirectoryInfo?>("--headers")
    { Description = "Folder above mlx/c. Default: mlx-c.submodule if it is checked out, or else the include folder of an installed prefix." };
var table = new Option<FileInfo?>("--table")
    { Description = "Tab-separated table of a version whose headers aren't available, instead of --headers." };
var version = new Option<string?>("--version")
    { Description = "Version that --headers or --table describes. Default: the pinned one of native/versions.json." };
var check = new Option<bool>("--check") { Description = "Write nothing; fail if a generated file differs." };
var identify = new Option<bool>("--identify")
    { Description = "Write nothing; print the known version that --headers belong to, and fail if there is none." };
var repository = new Option<DirectoryInfo?>("--root")
    { Description = "Root of the repository. Default: searched upward from the current folder." };
var command = new RootCommand("Reads mlx-c's headers into bindings/api/*.json and writes DotMlx's imports "
    + "and the reference library's exports from them.");
// The built-in --version option would hide this one.
foreach (VersionOption builtIn in command.Options.OfType<VersionOption>().ToList()) command.Options.Remove(builtIn);
foreach (Option option in (Option[])[headers, table, version, check, identify, repository]) command.Options.Add(option);
command.SetAction(parsed =>
{
    try
    {
        var runner = new Runner(Runner.FindRoot(parsed.GetValue(repository)?.FullName), Console.Out);
        return parsed.GetValue(identify)
            ? runner.Identify(parsed.GetValue(headers)?.FullName)
            : runner.Run(parsed.GetValue(headers)?.FullName, parsed.GetValue(table)?.FullName, parsed.GetValue(version),
                parsed.GetValue(check));
    }
    catch (Exception e) when (e is IOException or FormatException or InvalidOperationException or NotSupportedException
        or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();
