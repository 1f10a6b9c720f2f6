using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Scalars broadcast to a shape, each created once for all parameters of that shape and dtype. Otherwise, MLX would broadcast a scalar
/// operand in every operation, as a separate node. The scalars live until <see cref="Clear"/>.
/// </summary>
internal sealed unsafe class SharedScalars
{
    // With more kinds or scalars than these, the search would cost as much as sharing saves.
    private const int MaxKinds = 16;
    private const int MaxScalars = 16;

    private readonly List<OfKind> _kinds = [];
    private OfKind? _current;

    /// <summary>Sets the kind of the current parameter. The first parameter of a kind doesn't share scalars yet.</summary>
    internal void Begin(ArrayKind kind)
    {
        _current = null;
        if (kind.Shape.Length == 0)
        {
            return;
        }

        for (int i = _kinds.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_kinds[i].Kind, kind))
            {
                _current = _kinds[i];
                return;
            }
        }

        if (_kinds.Count < MaxKinds)
        {
            _kinds.Add(new OfKind(kind));
        }
    }

    /// <summary>
    /// Returns a scalar broadcast to the shape of the other operand, if that operand has the kind of the current parameter.
    /// </summary>
    /// <param name="scalar">A .NET number, or a scalar that is marked as shared.</param>
    /// <param name="beside">The other operand.</param>
    /// <param name="spread">The broadcast scalar; it stays owned by this object.</param>
    internal bool TryGet(MlxArray scalar, MlxArray beside, out mlx_array spread)
    {
        spread = default;
        if (_current is not { } current || !ReferenceEquals(beside.Kind, current.Kind))
        {
            return false;
        }

        foreach ((MlxArray known, mlx_array array) in CollectionsMarshal.AsSpan(current.Scalars))
        {
            if (ReferenceEquals(known, scalar))
            {
                spread = array;
                return true;
            }
        }

        if (current.Scalars.Count == MaxScalars)
        {
            return false;
        }

        mlx_array single = scalar.Weak is { } weak ? weak.Native(weak.DTypeWith(current.Kind.DType)).Handle : scalar.Handle;
        mlx_array result = default;
        fixed (int* sizes = current.Kind.Shape)
        {
            MlxError.ThrowIfFailed(
                Mlxc.mlx_broadcast_to(&result, single, sizes, (nuint)current.Kind.Shape.Length, NativeCall.Stream(null)),
                "mlx_broadcast_to");
        }

        current.Scalars.Add((scalar, result));
        spread = result;
        return true;
    }

    /// <summary>Frees all scalars.</summary>
    internal void Clear()
    {
        _current = null;
        foreach (OfKind kind in _kinds)
        {
            foreach ((_, mlx_array array) in kind.Scalars)
            {
                NativeFree.Free(array.ctx);
            }
        }

        _kinds.Clear();
    }

    private sealed record OfKind(ArrayKind Kind)
    {
        internal List<(MlxArray Scalar, mlx_array Array)> Scalars { get; } = [];
    }
}

/// <summary>Marks a scalar array that many parameters use.</summary>
internal sealed record SharedScalar(DType DType);
