using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Python's keyword arguments in a file of figures; a missing argument has the requested default.</summary>
/// <param name="element">The arguments by name.</param>
/// <param name="made">Receives the arrays among the arguments, so that the caller can dispose them.</param>
internal readonly struct Arguments(JsonElement element, List<MlxArray>? made = null)
{
    public int Int(string name) => element.GetProperty(name).GetInt32();

    public int Int(string name, int otherwise) => Has(name, out JsonElement value) ? value.GetInt32() : otherwise;

    public int? IntOrNull(string name) => Has(name, out JsonElement value) ? value.GetInt32() : null;

    public bool Bool(string name, bool otherwise) => Has(name, out JsonElement value) ? value.GetBoolean() : otherwise;

    public float Float(string name, float otherwise) => Has(name, out JsonElement value) ? value.GetSingle() : otherwise;

    public float? FloatOrNull(string name) => Has(name, out JsonElement value) ? value.GetSingle() : null;

    public string Text(string name, string otherwise) => Has(name, out JsonElement value) ? value.GetString()! : otherwise;

    public bool IsText(string name) => Has(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    public DType? DType(string name) => Has(name, out JsonElement value) ? DTypeExtensions.ParseDType(value.GetString()!) : null;

    public MlxArray? Array(string name)
    {
        if (!Has(name, out JsonElement value))
        {
            return null;
        }

        MlxArray array = Golden.Array(value);
        made?.Add(array);
        return array;
    }

    public int[] Ints(string name, int otherwise, int count) => Has(name, out JsonElement value)
        ? value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(e => e.GetInt32())]
            : [.. Enumerable.Repeat(value.GetInt32(), count)]
        : [.. Enumerable.Repeat(otherwise, count)];

    public double[] Doubles(string name) => element.GetProperty(name) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(e => e.GetDouble())]
        : [element.GetProperty(name).GetDouble()];

    public Size2D Size2(string name, int otherwise) => Ints(name, otherwise, 2) is [int a, int b]
        ? (a, b)
        : throw new ArgumentException(name);

    public Size3D Size3(string name, int otherwise) => Ints(name, otherwise, 3) is [int a, int b, int c]
        ? (a, b, c)
        : throw new ArgumentException(name);

    public Reduction Reduction(Reduction otherwise) => Text("reduction", otherwise.ToString()) switch
    {
        "none" or "None" => DotMlx.NN.Reduction.None,
        "mean" or "Mean" => DotMlx.NN.Reduction.Mean,
        _ => DotMlx.NN.Reduction.Sum,
    };

    public bool Has(string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value)
            && value.ValueKind != JsonValueKind.Null;
    }
}
