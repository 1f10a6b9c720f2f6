using DotMlx.Bindings;

namespace DotMlx.Compare;

/// <summary>Adam without bias correction through the raw imports, with the operations of <c>work.c</c> in the same order.</summary>
internal readonly unsafe struct RawAdam : IDisposable
{
    private readonly mlx_array _beta1;
    private readonly mlx_array _oneMinusBeta1;
    private readonly mlx_array _beta2;
    private readonly mlx_array _oneMinusBeta2;
    private readonly mlx_array _epsilon;

    public RawAdam()
    {
        _beta1 = Mlxc.mlx_array_new_float32(0.9f);
        _oneMinusBeta1 = Mlxc.mlx_array_new_float32((float)(1 - 0.9));
        _beta2 = Mlxc.mlx_array_new_float32(0.999f);
        _oneMinusBeta2 = Mlxc.mlx_array_new_float32((float)(1 - 0.999));
        _epsilon = Mlxc.mlx_array_new_float32(1e-8f);
    }

    /// <summary>Replaces the parameter and both averages with their new values.</summary>
    internal void Step(mlx_array rate, mlx_array g, mlx_array* w, mlx_array* m, mlx_array* v, mlx_stream s)
    {
        mlx_array oldW = *w, oldM = *m, oldV = *v;
        Next(rate, g, oldW, oldM, oldV, w, m, v, s);
        RawWork.Free(oldW, oldM, oldV);
    }

    /// <summary>Computes the new parameter and averages; the old ones remain valid.</summary>
    internal void Next(
        mlx_array rate, mlx_array g, mlx_array w, mlx_array m, mlx_array v,
        mlx_array* newW, mlx_array* newM, mlx_array* newV, mlx_stream s)
    {
        mlx_array t1 = default, t2 = default, nextM = default, t3 = default, square = default, t4 = default, nextV = default;
        _ = Mlxc.mlx_multiply(&t1, _beta1, m, s);
        _ = Mlxc.mlx_multiply(&t2, _oneMinusBeta1, g, s);
        _ = Mlxc.mlx_add(&nextM, t1, t2, s);
        _ = Mlxc.mlx_multiply(&t3, _beta2, v, s);
        _ = Mlxc.mlx_square(&square, g, s);
        _ = Mlxc.mlx_multiply(&t4, _oneMinusBeta2, square, s);
        _ = Mlxc.mlx_add(&nextV, t3, t4, s);
        mlx_array numerator = default, root = default, denominator = default, quotient = default, nextW = default;
        _ = Mlxc.mlx_multiply(&numerator, rate, nextM, s);
        _ = Mlxc.mlx_sqrt(&root, nextV, s);
        _ = Mlxc.mlx_add(&denominator, root, _epsilon, s);
        _ = Mlxc.mlx_divide(&quotient, numerator, denominator, s);
        _ = Mlxc.mlx_subtract(&nextW, w, quotient, s);
        RawWork.Free(t1, t2, t3, square, t4, numerator, root, denominator, quotient);
        *newW = nextW;
        *newM = nextM;
        *newV = nextV;
    }

    public void Dispose() => RawWork.Free(_beta1, _oneMinusBeta1, _beta2, _oneMinusBeta2, _epsilon);
}
