using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>The 14 element types: their sizes, names, kinds, lanes, and promotion.</summary>
internal static class DTypes
{
    private static readonly (string Name, int Size, char Kind)[] Table =
    [
        ("bool", 1, 'b'), ("uint8", 1, 'u'), ("uint16", 2, 'u'), ("uint32", 4, 'u'), ("uint64", 8, 'u'),
        ("int8", 1, 'i'), ("int16", 2, 'i'), ("int32", 4, 'i'), ("int64", 8, 'i'),
        ("float16", 2, 'f'), ("float32", 4, 'f'), ("float64", 8, 'f'), ("bfloat16", 2, 'f'), ("complex64", 8, 'c'),
    ];

    internal static bool IsValid(mlx_dtype dtype) => (uint)dtype < (uint)Table.Length;

    internal static string Name(mlx_dtype dtype) => Table[(int)dtype].Name;

    internal static int SizeOf(mlx_dtype dtype) => IsValid(dtype)
        ? Table[(int)dtype].Size
        : throw new MlxFailure($"Invalid dtype {(int)dtype}; expected a value from 0 to {Table.Length - 1}.");

    internal static bool IsFloating(mlx_dtype dtype) => Table[(int)dtype].Kind == 'f';

    internal static bool IsInexact(mlx_dtype dtype) => Table[(int)dtype].Kind is 'f' or 'c';

    internal static bool IsUnsigned(mlx_dtype dtype) => Table[(int)dtype].Kind == 'u';

    internal static bool IsSigned(mlx_dtype dtype) => Table[(int)dtype].Kind == 'i';

    internal static bool IsInteger(mlx_dtype dtype) => Table[(int)dtype].Kind is 'u' or 'i';

    internal static bool IsHalf(mlx_dtype dtype) => dtype is MLX_FLOAT16 or MLX_BFLOAT16;

    internal static mlx_dtype AtLeastFloat(mlx_dtype dtype) => IsInexact(dtype) ? dtype : MLX_FLOAT32;

    /// <summary>Promotes two dtypes by JAX's rules, with MLX's only exception: uint64 with a signed integer gives float32.</summary>
    internal static mlx_dtype Promote(mlx_dtype a, mlx_dtype b)
    {
        if (a == b) return a;
        if (Rank(a) > Rank(b)) (a, b) = (b, a);
        if (IsInexact(b))
        {
            return b == MLX_BFLOAT16 && a == MLX_FLOAT16 ? MLX_FLOAT32 : b;
        }
        if (!IsSigned(b) || !IsUnsigned(a)) return b;
        if (a == MLX_UINT64) return MLX_FLOAT32;
        var size = Math.Max(SizeOf(b), 2 * SizeOf(a));
        return size switch { 2 => MLX_INT16, 4 => MLX_INT32, _ => MLX_INT64 };
    }

    internal static mlx_dtype Promote(ReadOnlySpan<Tensor> tensors)
    {
        var result = MLX_BOOL;
        foreach (var tensor in tensors) result = Promote(result, tensor.DType);
        return result;
    }

    // A type absorbs types of lower rank, except for mixed signs and for float16 with bfloat16.
    private static int Rank(mlx_dtype dtype) => dtype switch
    {
        MLX_BOOL => 0,
        MLX_FLOAT16 => 20,
        MLX_BFLOAT16 => 21,
        MLX_FLOAT32 => 22,
        MLX_FLOAT64 => 23,
        MLX_COMPLEX64 => 24,
        _ => IsUnsigned(dtype) ? SizeOf(dtype) : 10 + SizeOf(dtype),
    };
}
