using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The three C forms of a reduction: all axes, one axis, several axes.</summary>
internal static unsafe class Reduction
{
    internal static MlxArray All(
        delegate*<mlx_array*, mlx_array, byte, mlx_stream, int> f, string function, MlxArray a, bool keepdims, MlxStream? stream)
    {
        mlx_array result = default;
        int status = f(&result, Op.Handle(a), Native.Byte(keepdims), Op.Stream(stream));
        GC.KeepAlive(a);
        return Op.Result(status, result, function);
    }

    internal static MlxArray Axis(
        delegate*<mlx_array*, mlx_array, int, byte, mlx_stream, int> f, string function,
        MlxArray a, int axis, bool keepdims, MlxStream? stream)
    {
        mlx_array result = default;
        int status = f(&result, Op.Handle(a), axis, Native.Byte(keepdims), Op.Stream(stream));
        GC.KeepAlive(a);
        return Op.Result(status, result, function);
    }

    internal static MlxArray Axes(
        delegate*<mlx_array*, mlx_array, int*, nuint, byte, mlx_stream, int> f, string function,
        MlxArray a, ReadOnlySpan<int> axes, bool keepdims, MlxStream? stream)
    {
        mlx_array result = default;
        fixed (int* first = axes)
        {
            int status = f(&result, Op.Handle(a), first, (nuint)axes.Length, Native.Byte(keepdims), Op.Stream(stream));
            GC.KeepAlive(a);
            return Op.Result(status, result, function);
        }
    }
}
