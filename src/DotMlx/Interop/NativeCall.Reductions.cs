using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The three C forms of a reduction: all axes, one axis, several axes.</summary>
internal static unsafe partial class NativeCall
{
    internal static MlxArray ReduceAll(
        delegate*<mlx_array*, mlx_array, byte, mlx_stream, int> f, string function, MlxArray a, bool keepdims, MlxStream? stream)
    {
        CheckReduction(a, function, stream);
        mlx_array result = default;
        int status = f(&result, Left(a), Byte(keepdims), Stream(stream));
        Done(a);
        return Result(status, result, function);
    }

    internal static MlxArray ReduceAxis(
        delegate*<mlx_array*, mlx_array, int, byte, mlx_stream, int> f, string function,
        MlxArray a, int axis, bool keepdims, MlxStream? stream)
    {
        CheckReduction(a, function, stream);
        mlx_array result = default;
        int status = f(&result, Left(a), AxisCheck.Of(a, axis), Byte(keepdims), Stream(stream));
        Done(a);
        return Result(status, result, function);
    }

    internal static MlxArray ReduceAxes(
        delegate*<mlx_array*, mlx_array, int*, nuint, byte, mlx_stream, int> f, string function,
        MlxArray a, ReadOnlySpan<int> axes, bool keepdims, MlxStream? stream)
    {
        AxisCheck.Check(a, axes, "axis");
        CheckReduction(a, function, stream);
        mlx_array result = default;
        fixed (int* first = axes)
        {
            int status = f(&result, Left(a), first, (nuint)axes.Length, Byte(keepdims), Stream(stream));
            Done(a);
            return Result(status, result, function);
        }
    }

    /// <summary>
    /// Checks the size of a reduction: MLX's CPU code counts the reduced elements in 32 bits, so a reduction of 2^31 elements would reduce
    /// none of them.
    /// </summary>
    /// <exception cref="ArgumentException">The array has too many elements, and the stream is a CPU stream.</exception>
    internal static void CheckReduction(MlxArray a, string function, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (a.Size > int.MaxValue && (stream?.Device ?? Streams.DefaultDevice).Type == DeviceType.Cpu)
        {
            throw new ArgumentException(
                $"[{function["mlx_".Length..]}] On the CPU, at most {int.MaxValue} elements can be reduced, but the array of "
                + $"shape {ShapeText.Of(a)} has {a.Size}. Reduce it in parts.",
                nameof(a));
        }
    }
}
