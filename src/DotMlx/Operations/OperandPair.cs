using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Two operands. A weak scalar takes the dtype that the other one determines.</summary>
internal readonly ref struct OperandPair
{
    private readonly MlxArray _left;
    private readonly MlxArray _right;

    internal OperandPair(
        MlxArray a, MlxArray b,
        [CallerArgumentExpression(nameof(a))] string? nameA = null, [CallerArgumentExpression(nameof(b))] string? nameB = null)
    {
        ArgumentNullException.ThrowIfNull(a, nameA);
        ArgumentNullException.ThrowIfNull(b, nameB);
        _left = a;
        _right = b;
        Left = HandleWith(a, b);
        Right = HandleWith(b, a);
    }

    internal mlx_array Left { get; }

    internal mlx_array Right { get; }

    /// <summary>
    /// Returns the handle of an operand. A weak scalar gets the dtype that it takes next to <paramref name="like"/>.
    /// </summary>
    internal static mlx_array HandleWith(MlxArray operand, MlxArray like)
        => operand.Weak is WeakScalar scalar && !like.IsWeakScalar
            ? scalar.Native(scalar.DTypeWith(like.DType)).Handle
            : operand.Handle;

    /// <summary>
    /// Returns the handle of an operand that becomes an array of <paramref name="dtype"/>. A weak scalar keeps its precision.
    /// </summary>
    internal static mlx_array As(MlxArray operand, DType dtype) => (operand.Weak?.Exactly(dtype) ?? operand).Handle;

    public void Dispose()
    {
        GC.KeepAlive(_left);
        GC.KeepAlive(_right);
    }
}
