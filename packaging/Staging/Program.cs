using System.CommandLine;
using DotMlx.Generator;
using DotMlx.Staging;

var output = new Option<DirectoryInfo>("--output") { Description = "The folder in which to create the package's folder.", Required = true };
var prefix = new Option<DirectoryInfo>("--mlx-c") { Description = "The prefix in which mlx-c is installed.", Required = true };
var revision = new Option<int>("--revision")
    { Description = "The revision of the package for the same MLX: 2 gives 0.31.2.2. Default: none." };
var libraries = new Option<DirectoryInfo>("--libraries")
    { Description = "The folder with the reference library of each platform as RID/native/FILE.", Required = true };
var packageVersion = new Option<string>("--package-version") { Description = "The version of the package.", Required = true };

var mlx = new Command("mlx", "Stages libmlxc, libmlx, and the kernels of an installed mlx-c.") { prefix, revision, output };
mlx.SetAction(parsed => Stage(parsed.GetValue(output)!, stager =>
    stager.Mlx(parsed.GetValue(prefix)!.FullName, parsed.GetValue(revision))));
var reference = new Command("reference", "Stages the reference library.") { libraries, packageVersion, output };
reference.SetAction(parsed => Stage(parsed.GetValue(output)!, stager =>
    stager.Reference(parsed.GetValue(libraries)!.FullName, parsed.GetValue(packageVersion)!)));
return new RootCommand("Lays out runtime packages of DotMlx.") { mlx, reference }.Parse(args).Invoke();

static int Stage(DirectoryInfo output, Func<Stager, StagedPackage> stage)
{
    try
    {
        Console.WriteLine(stage(new Stager(Runner.FindRoot(null), new Tools(), output.FullName)).Folder);
        return 0;
    }
    catch (Exception e) when (e is StagingException or IOException or UnauthorizedAccessException or FormatException
        or InvalidOperationException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
}
