using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Checkpoints;

/// <summary>Broken and hostile files cause an exception that names the file, or load as a model of the same form.</summary>
internal sealed class HostileFileTests
{
    private const int Rounds = 60;

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "3", "7", "1e9", "2147483647", "1e300", "-0.5", "0.1", "\"\"",
        "\"@surrogate\"", "\"silu\"", "[]",
        "[1]", "[null]", "[\"x\"]", "{}", "{\"a\": {}}", "{\"rope_type\": \"yarn\"}", "{\"rope_type\": 3}",
        "{\"group_size\": 0, \"bits\": 4}",
    ];

    private static IEnumerable<TestCaseData> Models => TestModels.Names.Select((name, seed) => new TestCaseData(name, seed));

    [TestCaseSource(nameof(Models))]
    public void BrokenConfigsAreRefusedWithTheirName(string name, int seed)
    {
        Random random = new(seed);
        using ModelCopy copy = new(name);
        string original = File.ReadAllText(copy["config.json"]);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(copy["config.json"], Break(original, random));
            refused += Refuses(copy, "config.json") ? 1 : 0;
        }
        Assert.That(refused, Is.GreaterThan(Rounds / 4), "of so many changes some must be faults");
    }

    [Test]
    public void BrokenIndicesAreRefusedWithTheirName([Values("qwen3", "gemma2")] string name)
    {
        Random random = new(7);
        using ModelCopy copy = new(name);
        string original = File.ReadAllText(copy["model.safetensors.index.json"]);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(copy["model.safetensors.index.json"], Break(original, random));
            refused += Refuses(copy, "model.safetensors.index.json") ? 1 : 0;
        }
        Assert.That(refused, Is.GreaterThan(Rounds / 4), "of so many changes some must be faults");
    }

    private static bool Refuses(ModelCopy copy, string file)
    {
        try
        {
            LanguageModel.Load(copy.Folder).Dispose();
            return false;
        }
        catch (Exception exception) when (exception is InvalidDataException or NotSupportedException or FileNotFoundException)
        {
            // Either the file itself is wrong, or the weights don't fit it.
            Assert.That(exception.Message, Does.Contain(copy.Folder).And.Contain(file).Or.Contain("safetensors"),
                File.ReadAllText(copy[file]));
            Assert.That(exception.Message, Has.Length.GreaterThan(copy.Folder.Length + 20));
            return true;
        }
    }

    /// <summary>A text with one error: a value is replaced, removed, or repeated, bytes are changed, or the end is truncated.</summary>
    private static byte[] Break(string original, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                return Encoding.UTF8.GetBytes(original)[..random.Next(original.Length)];
            case 1:
                byte[] bytes = Encoding.UTF8.GetBytes(original);
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }
                return bytes;
            case 2:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(1, 2000))));
            default:
                JsonObject json = JsonNode.Parse(original)!.AsObject();
                Change(json, random);
                
                // Half of a character, which no JSON writer produces.
                return Encoding.UTF8.GetBytes(json.ToJsonString().Replace("@surrogate", "\\ud800", StringComparison.Ordinal));
        }
    }

    private static void Change(JsonObject json, Random random)
    {
        string[] names = [.. json.Select(item => item.Key)];
        string name = names[random.Next(names.Length)];
        if (json[name] is JsonObject { Count: > 0 } inner && random.Next(3) > 0)
        {
            Change(inner, random);
            return;
        }
        switch (random.Next(4))
        {
            case 0:
                json.Remove(name);
                break;
            case 1:
                json[name + "_x"] = JsonNode.Parse(Values[random.Next(Values.Length)]);
                break;
            default:
                json[name] = JsonNode.Parse(Values[random.Next(Values.Length)]);
                break;
        }
    }
}
