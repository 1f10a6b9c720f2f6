namespace DotMlx.Tests;

/// <summary>A fixture whose tests each get an empty temporary folder.</summary>
public abstract class FolderTests
{
    /// <summary>The path of the folder.</summary>
    protected string Folder { get; private set; } = "";

    [SetUp]
    public void MakeFolder() => Folder = Directory.CreateTempSubdirectory("dotmlx-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(Folder, recursive: true);
}
