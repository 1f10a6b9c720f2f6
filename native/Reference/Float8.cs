using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Eight-bit floating-point numbers with a sign bit, four exponent bits, and three mantissa bits (E4M3).</summary>
internal static unsafe class Float8Functions
{
    // Like MLX, this function treats the format's NaN (all bits set except the sign) as an ordinary number.
    public static Tensor mlx_from_fp8(Tensor x, mlx_dtype dtype)
    {
        if (x.DType != MLX_UINT8) throw new MlxFailure("[from_fp8] The input must be of type uint8.");
        if (!DTypes.IsFloating(dtype)) throw new MlxFailure("[from_fp8] Only floating point types are allowed.");
        var numbers = Recording.Apply(x, bytes =>
        {
            var result = new Tensor(MLX_FLOAT32, bytes.Shape);
            var source = bytes.Data<byte>();
            var target = result.Data<float>();
            for (var i = 0; i < target.Length; i++)
            {
                var (exponent, mantissa) = (source[i] >> 3 & 15, source[i] & 7);
                var size = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
                target[i] = (source[i] & 128) != 0 ? -size : size;
            }
            return result;
        }, null);
        return mlx_astype(numbers, dtype);
    }
}
