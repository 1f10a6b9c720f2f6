using System.Numerics;
using DotMlx.Bindings;

namespace DotMlx.Reference;

internal delegate void Map1<TIn, TOut>(ReadOnlySpan<TIn> x, Span<TOut> result);

internal delegate void Map2<TIn, TOut>(ReadOnlySpan<TIn> x, ReadOnlySpan<TIn> y, Span<TOut> result);

/// <summary>An elementwise function of one tensor, with an implementation per lane. A lane without one is rejected by name.</summary>
internal sealed record Kernel1(
    string Name,
    Map1<long, long>? Long = null,
    Map1<ulong, ulong>? ULong = null,
    Map1<float, float>? Float = null,
    Map1<double, double>? Double = null,
    Map1<Complex, Complex>? Complex = null)
{
    /// <summary>Creates an elementwise function of floating-point numbers.</summary>
    internal static Kernel1 Of(string name, Func<float, float> f, Func<double, double> d, Func<Complex, Complex>? c = null) =>
        new(name, null, null, Each(f), Each(d), c is null ? null : Each(c));

    internal static Map1<TIn, TOut> Each<TIn, TOut>(Func<TIn, TOut> map) => (x, result) => Lanes.Each(x, result, map);

    internal Tensor Run(Tensor x) => Lanes.Of(x.DType) switch
    {
        Lane.Long => Run(Long, x),
        Lane.ULong => Run(ULong, x),
        Lane.Float => Run(Float, x),
        Lane.Double => Run(Double, x),
        _ => Run(Complex, x),
    };

    private Tensor Run<T>(Map1<T, T>? map, Tensor x) where T : unmanaged => map is null
        ? throw new MlxFailure($"[{Name}] Not supported for {DTypes.Name(x.DType)}.")
        : Lanes.Write<T>(x.DType, x.Shape, r => map(Lanes.Read<T>(x), r));
}

/// <summary>An elementwise function of two tensors with the same dtype and shape, with an implementation per lane.</summary>
internal sealed record Kernel2(
    string Name,
    Map2<long, long>? Long = null,
    Map2<ulong, ulong>? ULong = null,
    Map2<float, float>? Float = null,
    Map2<double, double>? Double = null,
    Map2<Complex, Complex>? Complex = null)
{
    internal static Kernel2 Of(string name, Func<long, long, long>? l, Func<ulong, ulong, ulong>? u, Func<float, float, float>? f = null,
        Func<double, double, double>? d = null, Func<Complex, Complex, Complex>? c = null) =>
        new(name, Each(l), Each(u), Each(f), Each(d), Each(c));

    internal static Map2<T, TOut>? Each<T, TOut>(Func<T, T, TOut>? map) => map is null ? null : (x, y, result) =>
    {
        for (var i = 0; i < result.Length; i++) result[i] = map(x[i], y[i]);
    };

    internal Tensor Run(Tensor x, Tensor y) => Lanes.Of(x.DType) switch
    {
        Lane.Long => Run(Long, x, y),
        Lane.ULong => Run(ULong, x, y),
        Lane.Float => Run(Float, x, y),
        Lane.Double => Run(Double, x, y),
        _ => Run(Complex, x, y),
    };

    private Tensor Run<T>(Map2<T, T>? map, Tensor x, Tensor y) where T : unmanaged => map is null
        ? throw new MlxFailure($"[{Name}] Not supported for {DTypes.Name(x.DType)}.")
        : Lanes.Write<T>(x.DType, x.Shape, r => map(Lanes.Read<T>(x), Lanes.Read<T>(y), r));
}

/// <summary>An elementwise test of one tensor, or of two tensors with the same dtype and shape. The result is bool.</summary>
internal sealed record Predicate(
    Map2<long, byte> Long,
    Map2<ulong, byte> ULong,
    Map2<float, byte> Float,
    Map2<double, byte> Double,
    Map2<Complex, byte> Complex)
{
    internal static Predicate Of(Func<long, long, bool> l, Func<ulong, ulong, bool> u, Func<float, float, bool> f,
        Func<double, double, bool> d, Func<Complex, Complex, bool> c) => new(Each(l), Each(u), Each(f), Each(d), Each(c));

    internal Tensor Run(Tensor x, Tensor y) => Lanes.Of(x.DType) switch
    {
        Lane.Long => Run(Long, x, y),
        Lane.ULong => Run(ULong, x, y),
        Lane.Float => Run(Float, x, y),
        Lane.Double => Run(Double, x, y),
        _ => Run(Complex, x, y),
    };

    private static Map2<T, byte> Each<T>(Func<T, T, bool> test) => (x, y, result) =>
    {
        for (var i = 0; i < result.Length; i++) result[i] = test(x[i], y[i]) ? (byte)1 : (byte)0;
    };

    private static Tensor Run<T>(Map2<T, byte> map, Tensor x, Tensor y) where T : unmanaged
    {
        var result = new Tensor(mlx_dtype.MLX_BOOL, x.Shape);
        map(Lanes.Read<T>(x), Lanes.Read<T>(y), result.Data<byte>());
        return result;
    }
}
