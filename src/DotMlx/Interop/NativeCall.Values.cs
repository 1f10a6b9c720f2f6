using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Conversions between the managed values of operations and the values that mlx-c takes.</summary>
internal static unsafe partial class NativeCall
{
    internal static byte Byte(bool value) => value ? (byte)1 : (byte)0;

    internal static mlx_dtype DType(DType dtype) => (mlx_dtype)(int)dtype;

    internal static mlx_optional_int Optional(int? value)
        => new() { value = value.GetValueOrDefault(), has_value = Byte(value.HasValue) };

    internal static mlx_optional_float Optional(float? value)
        => new() { value = value.GetValueOrDefault(), has_value = Byte(value.HasValue) };

    internal static mlx_optional_dtype Optional(DType? value)
        => new() { value = DType(value.GetValueOrDefault()), has_value = Byte(value.HasValue) };

    /// <summary>Takes the arrays out of a result vector and frees the vector.</summary>
    internal static MlxArray[] Arrays(int status, mlx_vector_array vector, string function)
    {
        using VectorArray results = new(vector);
        MlxError.ThrowIfFailed(status, function);
        return results.ToArrays();
    }
}
