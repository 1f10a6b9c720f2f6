namespace DotMlx.PackageTests;

/// <summary>A new project with nothing but the packages trains a model, in each form in which .NET programs are shipped.</summary>
[NonParallelizable]
internal sealed class ApplicationTests
{
    private const string Reference = "DotMlx.Runtime.Reference";

    [Test]
    public void ItRunsFrameworkDependent()
    {
        using var project = new NewProject(Reference);
        project.Dotnet("build", "-c", "Release", "-v", "quiet", "-nologo", "-o", "app").Succeeded();
        AssertTrains(project.Dotnet(Path.Combine("app", "Application.dll")), project);
    }

    [Test]
    public void ItRunsAsASingleFile()
    {
        using var project = new NewProject(Reference);
        project.Dotnet("publish", "-c", "Release", "-v", "quiet", "-nologo", "-r", NewProject.Rid, "--no-self-contained", "-p:PublishSingleFile=true", "-o", "app").Succeeded();
        AssertTrains(project.Start(Program(project)), project);
    }

    [Test]
    public void ItRunsCompiledByNativeAot()
    {
        using var project = new NewProject(Reference);
        // Warnings are errors in the project: one about trimming or AOT fails here.
        project.Dotnet("publish", "-c", "Release", "-v", "quiet", "-nologo", "-r", NewProject.Rid, "-p:PublishAot=true", "-o", "app").Succeeded();
        AssertTrains(project.Start(Program(project)), project);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void ItRunsOnAStagedMlx(bool nativeAot)
    {
        string runtime = $"DotMlx.Runtime.{NewProject.Rid}";
        if (!PackedFiles.Exists(runtime))
        {
            Assert.Ignore($"{runtime} was not packed: no mlx-c is installed here, or DOTMLX_LIBRARY=reference leaves it alone.");
        }

        using var project = new NewProject(runtime) { Library = "" };
        string[] form = nativeAot ? ["-p:PublishAot=true"] : ["--no-self-contained"];
        project.Dotnet(["publish", "-c", "Release", "-v", "quiet", "-nologo", "-r", NewProject.Rid, "-o", "app", .. form]).Succeeded();
        NewProject.Result result = project.Start(Program(project));
        AssertTrains(result, project);
        Assert.That(Path.GetFileNameWithoutExtension(result.Line("library")), Does.EndWith("mlxc"));
    }

    [Test]
    public void WithoutARuntimePackageTheErrorSaysWhatToAdd()
    {
        using var project = new NewProject(null);
        project.Dotnet("build", "-c", "Release", "-v", "quiet", "-nologo", "-o", "app").Succeeded();
        NewProject.Result result = project.Dotnet(Path.Combine("app", "Application.dll"));
        Assert.That(result.Exit, Is.Not.Zero);
        Assert.That(result.Text, Does.Contain("DotMlx found no mlx-c to load").And.Contain(Reference));
    }

    private static string Program(NewProject project) =>
        Path.Combine(project.Folder, "app", OperatingSystem.IsWindows() ? "Application.exe" : "Application");

    private static void AssertTrains(NewProject.Result result, NewProject project)
    {
        result.Succeeded();
        Assert.That(result.Line("parameters"), Is.EqualTo("first_layer.weight first_layer.bias"));
        // The library is the package's own: in the program's folder or in the package's.
        Assert.That(result.Line("library"), Does.StartWith(project.Folder));
    }
}
