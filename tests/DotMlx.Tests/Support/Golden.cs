using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DotMlx.Tests;

/// <summary>
/// Figures computed with Python's MLX: <c>{"dtype", "shape", "data"}</c>, in row-major order, with complex numbers as pairs.
/// </summary>
internal static partial class Golden
{
    internal static JsonElement Load(string file)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Golden", file));
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    internal static bool IsArray(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("dtype", out _) && element.TryGetProperty("data", out _);

    internal static MlxArray Array(JsonElement element)
    {
        DType dtype = DTypeExtensions.ParseDType(element.GetProperty("dtype").GetString()!);
        int[] shape = Shape(element);
        JsonElement data = element.GetProperty("data");
        switch (dtype)
        {
            case DType.Bool:
                return Make(Read(data, e => e.ValueKind is JsonValueKind.True or JsonValueKind.False ? e.GetBoolean() : e.GetDouble() != 0),
                    shape);
            case DType.UInt64:
                return Make(Read(data, e => e.GetUInt64()), shape);
            case DType.Complex64:
                return Make(Read(data, e => new Complex64((float)Number(e[0]), (float)Number(e[1]))), shape);
            case DType.Float64:
                return Make(Read(data, Number), shape);
            case DType.Float16:
                return Make(Read(data, e => (Half)(float)Number(e)), shape);
            case DType.BFloat16:
                return Make(Read(data, e => (BFloat16)(float)Number(e)), shape);
            case DType.Float32:
                return Make(Read(data, e => (float)Number(e)), shape);
            case DType.UInt8:
                return Make(Read(data, e => e.GetByte()), shape);
            case DType.UInt16:
                return Make(Read(data, e => e.GetUInt16()), shape);
            case DType.UInt32:
                return Make(Read(data, e => e.GetUInt32()), shape);
            case DType.Int8:
                return Make(Read(data, e => e.GetSByte()), shape);
            case DType.Int16:
                return Make(Read(data, e => e.GetInt16()), shape);
            case DType.Int32:
                return Make(Read(data, e => e.GetInt32()), shape);
            default:
                return Make(Read(data, e => e.GetInt64()), shape);
        }
    }

    internal static int[] Shape(JsonElement element) => [.. element.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>
    /// Fails unless dtype, shape, and every element agree: integers exactly, others within <paramref name="relative"/> of the larger of 1
    /// and the figure.
    /// </summary>
    internal static void AssertClose(MlxArray actual, JsonElement expected, double relative = 1e-5, string? what = null)
    {
        string name = what is null ? "" : what + ": ";
        Assert.That(actual.DType.MlxName(),
            Is.EqualTo(expected.GetProperty("dtype").GetString()!.Replace("bool_", "bool", StringComparison.Ordinal)), name + "dtype");
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(Shape(expected)), name + "shape");
        using MlxArray reference = Array(expected);
        AssertClose(actual, reference, relative, what);
    }

    internal static void AssertClose(MlxArray actual, MlxArray expected, double relative = 1e-5, string? what = null)
    {
        string name = what is null ? "" : what + ": ";
        Assert.That(actual.DType, Is.EqualTo(expected.DType), name + "dtype");
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()), name + "shape");
        double tolerance = actual.DType switch
        {
            DType.Float16 => Math.Max(relative, 1e-3),
            DType.BFloat16 => Math.Max(relative, 8e-3),
            _ when actual.DType.IsInexact() => DeviceInUse.Tolerance(relative),
            _ => 0,
        };
        double[] left = ToDoubles(actual);
        double[] right = ToDoubles(expected);
        int wrong = 0;
        var report = new StringBuilder();
        for (int i = 0; i < left.Length; i++)
        {
            bool same = left[i].Equals(right[i])
                || Math.Abs(left[i] - right[i]) <= tolerance * Math.Max(1, Math.Abs(right[i]));
            if (!same && wrong++ < 5)
            {
                report.Append(CultureInfo.InvariantCulture, $"  [{i}] is {left[i]:R}, expected {right[i]:R}\n");
            }
        }

        Assert.That(wrong, Is.Zero, $"{name}{wrong} of {left.Length} elements differ\n{report}");
    }

    /// <summary>Returns every element as a double, and complex ones as two.</summary>
    internal static double[] ToDoubles(MlxArray array) => array.DType switch
    {
        DType.Bool => [.. array.ToArray<bool>().Select(v => v ? 1.0 : 0.0)],
        DType.UInt8 => [.. array.ToArray<byte>().Select(v => (double)v)],
        DType.UInt16 => [.. array.ToArray<ushort>().Select(v => (double)v)],
        DType.UInt32 => [.. array.ToArray<uint>().Select(v => (double)v)],
        DType.UInt64 => [.. array.ToArray<ulong>().Select(v => (double)v)],
        DType.Int8 => [.. array.ToArray<sbyte>().Select(v => (double)v)],
        DType.Int16 => [.. array.ToArray<short>().Select(v => (double)v)],
        DType.Int32 => [.. array.ToArray<int>().Select(v => (double)v)],
        DType.Int64 => [.. array.ToArray<long>().Select(v => (double)v)],
        DType.Float16 => [.. array.ToArray<Half>().Select(v => (double)v)],
        DType.BFloat16 => [.. array.ToArray<BFloat16>().Select(v => (double)(float)v)],
        DType.Float32 => [.. array.ToArray<float>().Select(v => (double)v)],
        DType.Float64 => array.ToArray<double>(),
        _ => [.. array.ToArray<Complex64>().SelectMany(v => new double[] { v.Real, v.Imaginary })],
    };

    private static MlxArray Make<T>(T[] data, int[] shape)
        where T : unmanaged => shape.Length == 0 ? MlxArray.Scalar(data[0]) : MlxArray.Create(data, shape);

    private static T[] Read<T>(JsonElement data, Func<JsonElement, T> read) => [.. data.EnumerateArray().Select(read)];

    internal static double Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            string text => double.Parse(text, CultureInfo.InvariantCulture),
            null => double.NaN,
        },
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => element.GetDouble(),
    };
}
