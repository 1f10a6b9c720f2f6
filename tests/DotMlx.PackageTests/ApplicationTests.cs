namespace DotMlx.PackageTests;

/// <summary>A new project that has only the packages trains a model, in each form in which .NET programs are shipped.</summary>
[NonParallelizable]
internal sealed class ApplicationTests
{
    /// <summary>
    /// The options of dotnet that select a form. Only NativeAOT is published self-contained, because a self-contained publish only adds
    /// .NET's own files.
    /// </summary>
    private static readonly Dictionary<string, (string Verb, string[] Options)> Forms = new()
    {
        ["framework-dependent"] = ("build", []),
        ["single file"] = ("publish", ["-r", NewProject.Rid, "--no-self-contained", "-p:PublishSingleFile=true"]),
        // Warnings are errors in the project, so one about trimming or AOT fails here.
        ["NativeAOT"] = ("publish", ["-r", NewProject.Rid, "-p:PublishAot=true"]),
    };

    [Test]
    public void ItRunsOnTheReferenceLibrary([Values("framework-dependent", "single file", "NativeAOT")] string form)
    {
        using var project = new NewProject(["DotMlx", PackedFiles.ReferenceRuntime]) { Library = "reference" };
        Command run = MakeAndStart(project, form);
        Assert.That(run.Line("kind"), Is.EqualTo("Reference"));
    }

    [Test]
    public void AnApplicationRunsOnAStagedMlx([Values("framework-dependent", "single file", "NativeAOT")] string form)
    {
        RequireMlxRuntime();
        // DotMlx chooses the library itself: its own package comes before an installed MLX.
        using var project = new NewProject(["DotMlx", PackedFiles.MlxRuntime]);
        Command run = MakeAndStart(project, form);
        Assert.That(run.Line("kind"), Is.EqualTo("Mlx"));
        Assert.That(run.Line("package"), Is.EqualTo(run.Line("versions")), "versions.json says what is in the package");
        Assert.That(PackedFiles.VersionOf(PackedFiles.MlxRuntime), Does.StartWith(run.Line("versions").Split(' ')[0]));
        // A Mac's default is the GPU. Its kernels are found even if the program starts in another folder.
        if (OperatingSystem.IsMacOS()) Assert.That(run.Line("device"), Is.EqualTo("Gpu"));
        Assert.That(run.Lines("loaded").Select(file => Path.GetFileNameWithoutExtension(file)),
            Is.SupersetOf(new[] { "libmlxc", "libmlx" }));
    }

    [Test]
    public void WithBothRuntimesItRunsOnMlxAndBothKeepTheirVersions()
    {
        RequireMlxRuntime();
        using var project = new NewProject(["DotMlx", PackedFiles.MlxRuntime, PackedFiles.ReferenceRuntime]);
        // A publish for one platform puts the files of both packages into one folder.
        project.Make("publish", "-r", NewProject.Rid, "--no-self-contained");
        Command run = project.Start().Succeeded();
        Assert.That(run.Line("kind"), Is.EqualTo("Mlx"));
        Assert.That(run.Line("package"), Is.EqualTo(run.Line("versions")));
        Assert.That(Path.Combine(project.Folder, "app", "mlxc-reference.versions.json"), Does.Exist);
    }

    [Test]
    public void ModulesGetTheirParametersAlsoWhereDotMlxComesThroughALibrary()
    {
        using var project = new NewProject([PackedFiles.ReferenceRuntime], throughLibrary: true) { Library = "reference" };
        MakeAndStart(project, "framework-dependent");
    }

    [Test]
    public void TensorsComeWithAPackageOfTheirOwn([Values("framework-dependent", "NativeAOT")] string form)
    {
        // The project doesn't name DotMlx: DotMlx.Tensors includes it and its source generator.
        using var project = new NewProject(["DotMlx.Tensors", PackedFiles.ReferenceRuntime], program: "Tensors") { Library = "reference" };
        project.Make(Forms[form].Verb, Forms[form].Options);
        Command run = project.Start().Succeeded();
        Assert.That(run.Line("array"), Is.EqualTo("2 x 3"));
        Assert.That(run.Line("tensor"), Is.EqualTo("3 x 2, last 12"));
        Assert.That(run.Line("sum"), Is.EqualTo("21"));
        Assert.That(run.Line("parameters"), Is.EqualTo("layer.weight layer.bias"));
    }

    [Test]
    public void WithoutARuntimePackageTheErrorSaysWhatToAdd()
    {
        // DotMlx would correctly find an installed MLX, so the test names the reference library.
        using var project = new NewProject(["DotMlx"]) { Library = "reference" };
        project.Make("build");
        Command run = project.Start();
        Assert.That(run.Exit, Is.Not.Zero);
        Assert.That(run.Text, Does.Contain("DotMlx found no mlx-c to load. Tried, in this order:")
            .And.Contain($"add the package {PackedFiles.MlxRuntime}").And.Contain($"add the package {PackedFiles.ReferenceRuntime}"));
    }

    [Test]
    public void ASingleFileThatExtractsItsLibrariesFindsWhatItLeftBehind()
    {
        RequireMlxRuntime();
        using var project = new NewProject(["DotMlx", PackedFiles.MlxRuntime]);
        project.Make("publish", [.. Forms["single file"].Options, "-p:IncludeNativeLibrariesForSelfExtract=true"]);
        // The bundle contains only libraries; versions.json and, on a Mac, mlx.metallib stay next to the program.
        string app = Path.Combine(project.Folder, "app");
        Assert.That(Directory.EnumerateFiles(app, "libmlx*"), Is.Empty);
        Assert.That(Path.Combine(app, "versions.json"), Does.Exist);
        if (OperatingSystem.IsMacOS()) Assert.That(Path.Combine(app, "mlx.metallib"), Does.Exist);

        Command run = project.Start();
        if (OperatingSystem.IsMacOS() && !run.Text.Contains("kind Mlx", StringComparison.Ordinal))
        {
            Assert.That(run.Text,
                Does.Contain("Publish without IncludeNativeLibrariesForSelfExtract, or with IncludeAllContentForSelfExtract=true"),
                "an mlx-c older than v0.7.0 cannot be told");
            return;
        }

        run.Succeeded();
        Assert.That(Path.GetFullPath(run.Line("library")), Does.StartWith(Path.Combine(project.Folder, "extracted")));
        Assert.That(run.Line("package"), Is.EqualTo(run.Line("versions")));
        if (OperatingSystem.IsMacOS()) Assert.That(run.Line("device"), Is.EqualTo("Gpu"));
    }

    private static void RequireMlxRuntime()
    {
        if (!PackedFiles.Exists(PackedFiles.MlxRuntime))
            Assert.Ignore($"{PackedFiles.MlxRuntime} was not packed: no mlx-c is installed here, or "
                + $"DOTMLX_LIBRARY=reference leaves it alone.");
    }

    private static Command MakeAndStart(NewProject project, string form)
    {
        project.Make(Forms[form].Verb, Forms[form].Options);
        Command run = project.Start().Succeeded();
        Assert.That(run.Line("parameters"), Is.EqualTo("first_layer.weight first_layer.bias"));
        Assert.That(Path.GetFullPath(run.Line("library")), Does.StartWith(Path.Combine(project.Folder, "app")));
        NothingOfOursComesFromElsewhere(run, project);
        return run;
    }

    /// <summary>All files of MLX are in the application's folder, and the others belong to .NET or the system.</summary>
    private static void NothingOfOursComesFromElsewhere(Command run, NewProject project)
    {
        string[] loaded = run.Lines("loaded");
        string app = Path.Combine(project.Folder, "app") + Path.DirectorySeparatorChar;
        Assert.That(loaded.Where(file => Path.GetFileName(file).Contains("mlx", StringComparison.OrdinalIgnoreCase)),
            Is.Not.Empty.And.All.StartsWith(app));
        if (OperatingSystem.IsWindows()) return;
        string dotnet = new FileInfo(Environment.ProcessPath!).ResolveLinkTarget(returnFinalTarget: true)?.FullName
            ?? Environment.ProcessPath!;
        string[] allowed = [app, Path.GetDirectoryName(dotnet)! + "/", "/lib", "/usr/lib", "/System/", "/dev/shm/", "/memfd:"];
        Assert.That(loaded.Where(file => !allowed.Any(start => file.StartsWith(start, StringComparison.Ordinal))), Is.Empty);
    }
}
