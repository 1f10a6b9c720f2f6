using System.Globalization;

namespace DotMlx.Tool.Convert;

/// <summary>Converts the element type of floating-point or integer arrays, and refuses conversions that change values.</summary>
internal static class Cast
{
    /// <summary>Whether <paramref name="target"/> converts arrays of this element type.</summary>
    public static bool Applies(DType from, DType target) =>
        from != target && ((from.IsFloating() && target.IsFloating()) || (from.IsInteger() && target.IsInteger()));

    /// <exception cref="ToolException">A number can't be represented in the target type.</exception>
    public static MlxArray To(string name, MlxArray array, DType target)
    {
        MlxStream cpu = DeviceType.Cpu;
        if (target.IsInteger() && array.Size > 0)
        {
            RequireRange(name, array, target, cpu);
        }

        MlxArray converted = array.AsType(target, cpu);
        if (target.IsFloating() && CountInfinite(converted, cpu) != CountInfinite(array, cpu))
        {
            converted.Dispose();
            throw new ToolException($"array '{name}' ({array.DType.MlxName()}) holds numbers too large for {target.MlxName()}.");
        }

        return converted;
    }

    /// <summary>The numbers for the bytes of an array. Every floating-point type can represent all of them.</summary>
    public static MlxArray FromFloat8(string name, MlxArray array, DType target)
    {
        using MlxArray numbers = Mx.FromFp8(array, DType.Float32, DeviceType.Cpu);
        return To(name, numbers, target);
    }

    private static long CountInfinite(MlxArray array, MlxStream cpu)
    {
        using MlxArray infinite = Mx.IsInf(array, cpu);
        using MlxArray count = Mx.Sum(infinite, stream: cpu);
        using MlxArray number = count.AsType(DType.Int64, cpu);
        return number.Item<long>();
    }

    private static void RequireRange(string name, MlxArray array, DType target, MlxStream cpu)
    {
        using MlxArray least = Mx.Min(array, stream: cpu);
        using MlxArray most = Mx.Max(array, stream: cpu);
        (Int128 low, Int128 high) = RangeOf(target);
        Int128 from = Number(least, cpu);
        Int128 to = Number(most, cpu);
        if (from < low || to > high)
        {
            throw new ToolException(string.Create(
                CultureInfo.InvariantCulture,
                $"array '{name}' ({array.DType.MlxName()}) contains numbers from {from} to {to}, "
                + $"but the range of {target.MlxName()} is {low} to {high}."));
        }
    }

    private static Int128 Number(MlxArray scalar, MlxStream cpu)
    {
        bool unsigned = scalar.DType.IsUnsignedInteger();
        using MlxArray wide = scalar.AsType(unsigned ? DType.UInt64 : DType.Int64, cpu);
        return unsigned ? wide.Item<ulong>() : wide.Item<long>();
    }

    private static (Int128 Low, Int128 High) RangeOf(DType integer)
    {
        int bits = integer.ItemSize() * 8;
        return integer.IsUnsignedInteger() ? (0, (Int128.One << bits) - 1) : (-(Int128.One << (bits - 1)), (Int128.One << (bits - 1)) - 1);
    }
}
