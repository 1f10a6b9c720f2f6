using System.Text.Json.Nodes;

namespace DotMlx.Tool.Tests.Support;

internal sealed record Result(int Exit, string Output, string Errors)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public JsonNode Json => JsonNode.Parse(Output)!;

    public Result Succeeded()
    {
        Assert.That(Exit, Is.Zero, Output + Errors);
        return this;
    }

    /// <summary>Checks that the command failed with exactly one line, which contains all of the parts, and without other output.</summary>
    public void AssertRefused(params string[] parts)
    {
        Assert.That(Exit, Is.Not.Zero, Output + Errors);
        Assert.That(Output, Is.Empty);
        string[] lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(1), Errors);
        Assert.That(lines[0], Does.StartWith("dotnet mlx"));
        foreach (string part in parts)
        {
            Assert.That(lines[0], Does.Contain(part));
        }
    }

    /// <summary>Returns the cells of the row that begins with a name.</summary>
    public string[] Row(string name) => Lines.Single(line => line.StartsWith(name + "  ", StringComparison.Ordinal))
        .Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
