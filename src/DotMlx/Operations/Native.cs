using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Conversions between the managed values of operations and the values mlx-c takes.</summary>
internal static unsafe class Native
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
        try
        {
            MlxError.ThrowIfFailed(status, function);
            MlxArray[] arrays = new MlxArray[(int)Mlxc.mlx_vector_array_size(vector)];
            for (int i = 0; i < arrays.Length; i++)
            {
                mlx_array element = default;
                arrays[i] = Op.Result(Mlxc.mlx_vector_array_get(&element, vector, (nuint)i), element, "mlx_vector_array_get");
            }

            return arrays;
        }
        finally
        {
            _ = Mlxc.mlx_vector_array_free(vector);
        }
    }
}
