namespace DotMlx;

/// <summary>A metadata value of a GGUF file: a string, a list of strings, or a number or list of numbers as an array.</summary>
public sealed class GgufValue
{
    private readonly object _value;

    /// <summary>Creates a string.</summary>
    public GgufValue(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _value = text;
    }

    /// <summary>Creates a list of strings.</summary>
    public GgufValue(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _value = texts;
    }

    /// <summary>Creates a number (an array without dimensions) or a list of numbers (one dimension).</summary>
    public GgufValue(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        _value = array;
    }

    /// <summary>The string, or null if the value is something else.</summary>
    public string? Text => _value as string;

    /// <summary>The strings, or null if the value is something else.</summary>
    public IReadOnlyList<string>? Texts => _value as IReadOnlyList<string>;

    /// <summary>The number or numbers, or null if the value is something else.</summary>
    public MlxArray? Array => _value as MlxArray;

    /// <summary>Creates a string.</summary>
    public static implicit operator GgufValue(string text) => new(text);

    /// <summary>Creates a list of strings.</summary>
    public static implicit operator GgufValue(string[] texts) => new(texts);

    /// <summary>Creates a number or a list of numbers.</summary>
    public static implicit operator GgufValue(MlxArray array) => new(array);

    /// <inheritdoc/>
    public override string ToString() => Texts is { } texts ? $"[{string.Join(", ", texts)}]" : _value.ToString()!;

    /// <summary>The value in a file's header.</summary>
    internal static GgufValue From(object value) => value switch
    {
        string text => new GgufValue(text),
        string[] texts => new GgufValue(texts),
        bool truth => MlxArray.Scalar(truth),
        byte number => MlxArray.Scalar(number),
        sbyte number => MlxArray.Scalar(number),
        ushort number => MlxArray.Scalar(number),
        short number => MlxArray.Scalar(number),
        uint number => MlxArray.Scalar(number),
        int number => MlxArray.Scalar(number),
        ulong number => MlxArray.Scalar(number),
        long number => MlxArray.Scalar(number),
        float number => MlxArray.Scalar(number),
        double number => MlxArray.Scalar(number),
        System.Array list => List(list),
        _ => throw new ArgumentException($"GGUF has no metadata of type {value.GetType()}.", nameof(value)),
    };

    // Compares the type itself, because a long[] also matches the pattern ulong[].
    private static MlxArray List(System.Array list) => Type.GetTypeCode(list.GetType().GetElementType()) switch
    {
        TypeCode.Boolean => MlxArray.Create((bool[])list),
        TypeCode.Byte => MlxArray.Create((byte[])list),
        TypeCode.SByte => MlxArray.Create((sbyte[])list),
        TypeCode.UInt16 => MlxArray.Create((ushort[])list),
        TypeCode.Int16 => MlxArray.Create((short[])list),
        TypeCode.UInt32 => MlxArray.Create((uint[])list),
        TypeCode.Int32 => MlxArray.Create((int[])list),
        TypeCode.UInt64 => MlxArray.Create((ulong[])list),
        TypeCode.Int64 => MlxArray.Create((long[])list),
        TypeCode.Single => MlxArray.Create((float[])list),
        TypeCode.Double => MlxArray.Create((double[])list),
        _ => throw new ArgumentException($"GGUF has no lists of type {list.GetType()}.", nameof(list)),
    };

    /// <summary>Writes the value in the format of a file's header: first its type, then the value.</summary>
    /// <exception cref="ArgumentException">GGUF can't store the value; the message names the key.</exception>
    internal void Write(BinaryWriter writer, string key)
    {
        if (Text is { } text)
        {
            writer.Write(GgufHeader.StringType);
            Gguf.WriteText(writer, text, "metadata");
        }
        else if (Texts is { } texts)
        {
            writer.Write(GgufHeader.ArrayType);
            writer.Write(GgufHeader.StringType);
            writer.Write((ulong)texts.Count);
            foreach (string item in texts)
            {
                Gguf.WriteText(writer, item, "metadata");
            }
        }
        else
        {
            WriteNumbers(writer, key, Array!);
        }
    }

    private static void WriteNumbers(BinaryWriter writer, string key, MlxArray array)
    {
        Saving.CheckArray(key, array, "metadata");
        if (array.NDim > 1 || TypeOf(array.DType) is not { } type)
        {
            throw new ArgumentException(
                $"The metadata '{key}' is {array.DType.MlxName()} of shape {ShapeText.Of(array)}; only bool, integers, float32, and "
                + $"float64 of at most one dimension can be saved.", nameof(array));
        }

        if (array.NDim == 1)
        {
            writer.Write(GgufHeader.ArrayType);
            writer.Write(type);
            writer.Write((ulong)array.Size);
        }
        else
        {
            writer.Write(type);
        }

        writer.Flush();
        Saving.WriteElements(writer.BaseStream, array, new Transfer());
    }

    private static uint? TypeOf(DType dtype) => dtype switch
    {
        DType.UInt8 => 0,
        DType.Int8 => 1,
        DType.UInt16 => 2,
        DType.Int16 => 3,
        DType.UInt32 => 4,
        DType.Int32 => 5,
        DType.Float32 => 6,
        DType.Bool => 7,
        DType.UInt64 => 10,
        DType.Int64 => 11,
        DType.Float64 => 12,
        _ => null,
    };
}
