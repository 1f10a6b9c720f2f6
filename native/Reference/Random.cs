using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Random numbers from keys that match MLX's bit for bit: Threefry 2x32 and the same arithmetic.</summary>
internal static unsafe class RandomFunctions
{
    /// <summary>The key for calls without one. As in MLX, it belongs to the thread.</summary>
    [ThreadStatic]
    private static (uint, uint)? _sequence;

    internal static (uint First, uint Second) Threefry((uint First, uint Second) key, uint x, uint y)
    {
        ReadOnlySpan<int> rotations = [13, 15, 26, 6, 17, 29, 16, 24];
        ReadOnlySpan<uint> keys = [key.First, key.Second, key.First ^ key.Second ^ 0x1BD11BDA];
        unchecked
        {
            x += keys[0];
            y += keys[1];
            for (var round = 0; round < 5; round++)
            {
                for (var i = 0; i < 4; i++)
                {
                    x += y;
                    y = uint.RotateLeft(y, rotations[round % 2 * 4 + i]) ^ x;
                }
                x += keys[(round + 1) % 3];
                y += keys[(round + 2) % 3] + (uint)round + 1;
            }
        }
        return (x, y);
    }

    /// <summary>
    /// Generates the words of a stream in pairs from the counters (i, half + i). With an odd count, the last word is the first one of an
    /// extra pair.
    /// </summary>
    private static uint[] Words((uint, uint) key, int count)
    {
        var words = new uint[count];
        var (half, odd) = (count / 2, count % 2);
        for (var i = 0; i < half; i++) (words[i], words[half + odd + i]) = Threefry(key, (uint)i, (uint)(half + odd + i));
        if (odd == 1) words[half] = Threefry(key, (uint)half, 0).First;
        return words;
    }

    private static Tensor KeyTensor((uint First, uint Second) key) => Tensor.From<uint>(MLX_UINT32, [2], [key.First, key.Second]);

    private static (uint, uint) KeyValue(Tensor key) => (key.Data<uint>()[0], key.Data<uint>()[1]);

    private static Tensor NextKey()
    {
        var words = Words(_sequence ?? Seed((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), 4);
        _sequence = (words[0], words[1]);
        return KeyTensor((words[2], words[3]));
    }

    private static (uint, uint) Seed(ulong seed) => ((uint)(seed >> 32), (uint)seed);

    public static Tensor mlx_random_key(ulong seed) => KeyTensor(Seed(seed));

    public static void mlx_random_seed(ulong seed) => _sequence = Seed(seed);

    public static Tensor mlx_random_bits(ReadOnlySpan<int> shape, int width, Tensor? key)
    {
        key ??= NextKey();
        if (key.DType != MLX_UINT32) throw new MlxFailure($"[bits] Expected key type uint32 but received {DTypes.Name(key.DType)}.");
        if (!key.Shape.AsSpan().SequenceEqual([2]))
            throw new MlxFailure($"[bits] Expected key shape (2) but received {Errors.Text(key.Shape)}.");
        var dtype = width switch
        {
            4 => MLX_UINT32,
            2 => MLX_UINT16,
            1 => MLX_UINT8,
            _ => throw new MlxFailure($"[bits] Bit width must be in {{1, 2, 4}} but got {width}."),
        };
        var target = shape.ToArray();
        return Recording.Apply(key, x =>
        {
            var result = new Tensor(dtype, target);
            var bytes = result.Data<byte>();
            var words = Words(KeyValue(x), (bytes.Length + 3) / 4);
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan())[..bytes.Length].CopyTo(bytes);
            return result;
        }, null);
    }

    public static Tensor mlx_random_split_num(Tensor key, int num) => mlx_random_bits([num, 2], 4, key);

    public static (Tensor, Tensor) mlx_random_split(Tensor key)
    {
        var parts = mlx_split(mlx_random_split_num(key, 2), 2, 0);
        return (mlx_reshape(parts[0], [2]), mlx_reshape(parts[1], [2]));
    }

    public static Tensor mlx_random_uniform(Tensor low, Tensor high, ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? key)
    {
        if (!DTypes.IsFloating(dtype)) throw new MlxFailure("[uniform] Can only generate uniform numbers with real floating point type.");
        var start = mlx_astype(low, dtype);
        var range = mlx_astype(high, dtype) - start;
        var broadcast = Shapes.Broadcast(shape.ToArray(), range.Shape);
        if (!shape.SequenceEqual(broadcast))
            throw new MlxFailure($"[uniform] Cannot generate random values of "
                + $"shape {Errors.Text(shape)} from broadcasted shape {Errors.Text(broadcast)}.");
        // The upper bound is the largest number less than 1, so that 1 is never reached.
        var upper = dtype switch
        {
            MLX_FLOAT32 => MathF.BitDecrement(1),
            MLX_FLOAT16 => (float)Half.BitDecrement((Half)1),
            MLX_BFLOAT16 => Lanes.FromBFloat16(0x3F7F),
            _ => throw new MlxFailure("[uniform] Unsupported type."),
        };
        var unit = mlx_minimum(mlx_random_bits(shape, 4, key) / Scalar(uint.MaxValue, MLX_FLOAT32), Scalar(upper, MLX_FLOAT32));
        return range * mlx_astype(unit, dtype) + start;
    }

    /// <summary>Uniformly distributed float32 numbers in the open interval from -1 to 1.</summary>
    private static Tensor Symmetric(ReadOnlySpan<int> shape, Tensor? key) =>
        mlx_random_uniform(Scalar(MathF.BitIncrement(-1), MLX_FLOAT32), Scalar(1, MLX_FLOAT32), shape, MLX_FLOAT32, key);

    public static Tensor mlx_random_normal_broadcast(ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? loc, Tensor? scale, Tensor? key)
    {
        if (dtype == MLX_COMPLEX64)
        {
            var pairs = mlx_erfinv(Symmetric([.. shape, 2], key));
            var complex = mlx_squeeze_axis(mlx_view(pairs, MLX_COMPLEX64), -1);
            if (scale is not null) complex = scale * complex;
            return loc is null ? complex : loc + complex;
        }
        if (!DTypes.IsFloating(dtype)) throw new MlxFailure("[normal] Can only generate uniform numbers with floating point type.");
        var factor = Scalar(Math.Sqrt(2), dtype);
        if (scale is not null) factor *= mlx_astype(scale, dtype);
        var result = factor * mlx_astype(mlx_erfinv(Symmetric(shape, key)), dtype);
        return loc is null ? result : mlx_astype(loc, dtype) + result;
    }

    public static Tensor mlx_random_normal(ReadOnlySpan<int> shape, mlx_dtype dtype, float loc, float scale, Tensor? key) =>
        mlx_random_normal_broadcast(shape, dtype, loc == 0 ? null : Scalar(loc, dtype), scale == 1 ? null : Scalar(scale, dtype), key);

    public static Tensor mlx_random_randint(Tensor low, Tensor high, ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? key) =>
        DTypes.IsInexact(dtype)
        ? throw new MlxFailure("[randint] randint only accepts integer dtypes and bool.")
        : mlx_astype(mlx_maximum(mlx_random_uniform(low, high, shape, MLX_FLOAT32, key), low), dtype);

    public static Tensor mlx_random_bernoulli(Tensor p, ReadOnlySpan<int> shape, Tensor? key)
    {
        if (!DTypes.IsFloating(p.DType)) throw new MlxFailure("[bernoulli] bernoulli probability `p` must be a float type.");
        // The factor is just above the largest word, so that a probability of 1 is always true.
        var result = mlx_less(mlx_random_bits(shape, 4, key), p * Scalar(MathF.BitIncrement(uint.MaxValue), MLX_FLOAT32));
        return shape.SequenceEqual(result.Shape)
            ? result
            : throw new MlxFailure("[bernoulli] shape of `p` is incompatible with argument `shape`.");
    }

    public static Tensor mlx_random_truncated_normal(Tensor lower, Tensor upper, ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? key)
    {
        if (!DTypes.IsFloating(dtype)) throw new MlxFailure("[trunc_normal] trunc_normal only accepts floating point dtypes.");
        var root = Scalar(Math.Sqrt(2), dtype);
        var (low, high) = (mlx_astype(lower, dtype), mlx_astype(upper, dtype));
        var unit = mlx_random_uniform(mlx_erf(low / root), mlx_erf(high / root), shape, dtype, key);
        return mlx_maximum(mlx_minimum(high, root * mlx_erfinv(unit)), low);
    }

    public static Tensor mlx_random_gumbel(ReadOnlySpan<int> shape, mlx_dtype dtype, Tensor? key) =>
        -mlx_log(-mlx_log(mlx_random_uniform(Scalar(0, dtype), Scalar(1, dtype), shape, dtype, key)));

    public static Tensor mlx_random_laplace(ReadOnlySpan<int> shape, mlx_dtype dtype, float loc, float scale, Tensor? key)
    {
        if (!DTypes.IsFloating(dtype)) throw new MlxFailure("[laplace] Can only generate uniform numbers with realfloating point type.");
        var unit = Symmetric(shape, key);
        var result = mlx_astype(mlx_sign(unit) * mlx_log1p(Scalar(-1, dtype) * mlx_abs(unit)), dtype);
        if (scale != 1) result = Scalar(scale, dtype) * result;
        return loc == 0 ? result : Scalar(loc, dtype) + result;
    }

    public static Tensor mlx_random_categorical_shape(Tensor logits, int axis, ReadOnlySpan<int> shape, Tensor? key)
    {
        var at = CategoryAxis(logits, axis);
        int[] reduced = [.. logits.Shape[..at], .. logits.Shape[(at + 1)..]];
        if (!Shapes.Broadcast(shape.ToArray(), reduced).AsSpan().SequenceEqual(shape))
        {
            throw new MlxFailure($"[categorical] Requested shape {Errors.Text(shape)} is not broadcast compatible with reduced logits "
                + $"shape{Errors.Text(reduced)}.");
        }
        return Categories(logits, at, shape.ToArray(), key);
    }

    public static Tensor mlx_random_categorical_num_samples(Tensor logits_, int axis, int num_samples, Tensor? key)
    {
        var at = CategoryAxis(logits_, axis);
        return Categories(mlx_expand_dims(logits_, -1), at, [.. logits_.Shape[..at], .. logits_.Shape[(at + 1)..], num_samples], key);
    }

    public static Tensor mlx_random_categorical(Tensor logits, int axis, Tensor? key)
    {
        var at = CategoryAxis(logits, axis);
        return Categories(logits, at, [.. logits.Shape[..at], .. logits.Shape[(at + 1)..]], key);
    }

    private static int CategoryAxis(Tensor logits, int axis) => axis < -logits.NDim || axis >= logits.NDim
        ? throw new MlxFailure($"[categorical] Invalid axis {axis} for logits with {logits.NDim} dimensions.")
        : axis < 0 ? axis + logits.NDim : axis;

    private static Tensor Categories(Tensor logits, int axis, int[] shape, Tensor? key)
    {
        var at = axis + shape.Length - logits.NDim + 1;
        var noise = mlx_random_gumbel([.. shape[..at], logits.Shape[axis], .. shape[at..]], MLX_FLOAT32, key);
        return mlx_argmax_axis(noise + logits, at, false);
    }

    public static Tensor mlx_random_permutation(Tensor x, int axis, Tensor? key)
    {
        var at = Shapes.Axis(axis, x.NDim, "[permutation] ");
        return mlx_take_axis(x, mlx_random_permutation_arange(x.Shape[at], key), at);
    }

    public static Tensor mlx_random_permutation_arange(int x, Tensor? key) => mlx_argsort_axis(mlx_random_bits([x], 4, key), 0);
}
