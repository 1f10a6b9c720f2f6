using System.Text.Json;

namespace DotMlx.Tests.Operations;

/// <summary>A call in golden/ops.json: Python's function, its arguments, and arrays that may replace some of them.</summary>
internal sealed class GoldenCall(JsonElement test, List<MlxArray> made, IReadOnlyDictionary<int, MlxArray>? replaced = null)
{
    internal string Op => test.GetProperty("op").GetString()!;

    internal JsonElement Argument(int index) => test.GetProperty("args")[index];

    internal int ArgumentCount => test.GetProperty("args").GetArrayLength();

    /// <summary>A positional argument as an array, or as a number to convert.</summary>
    internal MlxArray Array(int index)
        => replaced is not null && replaced.TryGetValue(index, out MlxArray? array) ? array : Make(Argument(index));

    internal MlxArray[] Arrays(int index) => [.. Argument(index).EnumerateArray().Select(Make)];

    internal MlxArray[] AllArrays(int from = 0) => [.. Enumerable.Range(from, ArgumentCount - from).Select(Array)];

    internal int Int(int index) => Argument(index).GetInt32();

    internal int[] Ints(int index) => Ints(Argument(index));

    internal bool Has(string keyword) => test.GetProperty("kwargs").TryGetProperty(keyword, out _);

    internal JsonElement Keyword(string keyword) => test.GetProperty("kwargs").GetProperty(keyword);

    internal int Int(string keyword, int otherwise) => Has(keyword) ? Keyword(keyword).GetInt32() : otherwise;

    internal int? MaybeInt(string keyword) => Has(keyword) ? Keyword(keyword).GetInt32() : null;

    internal float Float(string keyword, float otherwise) => Has(keyword) ? Keyword(keyword).GetSingle() : otherwise;

    internal bool Flag(string keyword, bool otherwise = false) => Has(keyword) ? Keyword(keyword).GetBoolean() : otherwise;

    internal TEnum Choice<TEnum>(string keyword, TEnum otherwise)
        where TEnum : struct, Enum => Has(keyword) ? Enum.Parse<TEnum>(Keyword(keyword).GetString()!, ignoreCase: true) : otherwise;

    internal string Text(string keyword, string otherwise) => Has(keyword) ? Keyword(keyword).GetString()! : otherwise;

    internal int[] Ints(string keyword) => Ints(Keyword(keyword));

    internal bool IsList(string keyword) => Has(keyword) && Keyword(keyword).ValueKind == JsonValueKind.Array;

    internal DType? Type(string keyword) => Has(keyword) ? DTypeOf(Keyword(keyword)) : null;

    internal MlxStream? Stream => Has("stream") ? DeviceType.Cpu : null;

    internal static DType DTypeOf(JsonElement element)
        => DTypeExtensions.ParseDType(element.GetProperty("dtype_name").GetString()!);

    internal static int[] Ints(JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetInt32())];

    private MlxArray Make(JsonElement element)
    {
        if (!Golden.IsArray(element))
        {
            return element.TryGetInt32(out int whole) ? whole : element.GetDouble();
        }

        MlxArray array = Golden.Array(element);
        made.Add(array);
        return array;
    }
}
