using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Checks axes for all operations before MLX gets them. MLX wraps some invalid axes around, accepts others silently, and reads outside its
/// arrays for the rest.
/// </summary>
internal static class AxisCheck
{
    /// <summary>Returns the axis, counted from the start.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The array doesn't have this axis.</exception>
    internal static int Of(
        MlxArray a, int axis, [CallerArgumentExpression(nameof(axis))] string? name = null,
        [CallerArgumentExpression(nameof(a))] string? array = null)
    {
        ArgumentNullException.ThrowIfNull(a, array);
        int rank = a.NDim;
        int index = axis < 0 ? axis + rank : axis;
        return (uint)index < (uint)rank ? index : throw OutOfRange(axis, rank, ShapeText.Of(a), name);
    }

    /// <summary>Checks several axes: each must exist, and none may occur twice.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The array doesn't have this axis.</exception>
    /// <exception cref="ArgumentException">An axis occurs twice.</exception>
    internal static void Check(
        MlxArray a, ReadOnlySpan<int> axes, [CallerArgumentExpression(nameof(axes))] string? name = null,
        [CallerArgumentExpression(nameof(a))] string? array = null)
    {
        for (int i = 0; i < axes.Length; i++)
        {
            int index = Of(a, axes[i], name, array);
            for (int j = 0; j < i; j++)
            {
                if ((axes[j] < 0 ? axes[j] + a.NDim : axes[j]) == index)
                {
                    throw new ArgumentException($"Axis {axes[i]} occurs twice for an array of "
                        + $"shape {ShapeText.Of(a)}: {ShapeText.Of(axes)}.", name);
                }
            }
        }

        ArgumentNullException.ThrowIfNull(a, array);
    }

    /// <summary>Checks the positions of new axes, which are axes of the result.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A position is outside the result.</exception>
    /// <exception cref="ArgumentException">A position occurs twice.</exception>
    internal static void CheckNew(MlxArray a, ReadOnlySpan<int> axes, [CallerArgumentExpression(nameof(axes))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int rank = a.NDim + axes.Length;
        for (int i = 0; i < axes.Length; i++)
        {
            int index = axes[i] < 0 ? axes[i] + rank : axes[i];
            if ((uint)index >= (uint)rank)
            {
                throw OutOfRange(axes[i], rank, $"{ShapeText.Of(a)} with {axes.Length} new", name);
            }

            for (int j = 0; j < i; j++)
            {
                if ((axes[j] < 0 ? axes[j] + rank : axes[j]) == index)
                {
                    throw new ArgumentException($"Two new axes cannot have the same "
                        + $"position: {ShapeText.Of(axes)} for shape {ShapeText.Of(a)}.", name);
                }
            }
        }
    }

    /// <summary>Returns all axes of an array, in order.</summary>
    internal static int[] All(MlxArray a)
    {
        ArgumentNullException.ThrowIfNull(a);
        int[] axes = new int[a.NDim];
        for (int i = 0; i < axes.Length; i++)
        {
            axes[i] = i;
        }

        return axes;
    }

    private static ArgumentOutOfRangeException OutOfRange(int axis, int rank, string shape, string? name) => new(
        name, axis, $"Axis {axis} is out of bounds for an array with {rank} dimensions, shape {shape}.");
}
