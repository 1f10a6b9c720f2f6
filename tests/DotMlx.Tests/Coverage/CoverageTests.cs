namespace DotMlx.Tests.Coverage;

public class CoverageTests
{
    private static readonly CoverageTable Table = new();

    [Test]
    public void EveryNameHasAPlaceOrAReason()
        => Assert.That(
            Table.Rows.Where(row => row.Members.Length == 0 && row.Note.Length == 0).Select(row => $"{row.Area}.{row.Name}"), Is.Empty);

    [Test]
    public void EveryListedMemberExists()
        => Assert.That(Table.Rows.SelectMany(row => row.Missing().Select(missing => $"{row.Area}.{row.Name}: {missing}")), Is.Empty);

    [Test]
    public void TheDocumentIsUpToDate()
    {
        string document = Table.Document();
        if (Environment.GetEnvironmentVariable("DOTMLX_WRITE_COVERAGE") is "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Table.DocumentPath)!);
            File.WriteAllText(Table.DocumentPath, document);
        }

        Assert.That(
            File.Exists(Table.DocumentPath) ? File.ReadAllText(Table.DocumentPath).ReplaceLineEndings("\n") : "", Is.EqualTo(document),
            "docs/coverage.md is out of date: run DOTMLX_WRITE_COVERAGE=1 dotnet test tests/DotMlx.Tests --filter CoverageTests");
    }
}
