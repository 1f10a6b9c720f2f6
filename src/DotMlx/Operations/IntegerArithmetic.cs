using System.Numerics;

namespace DotMlx;

/// <summary>
/// Integer division and powers for arguments on which MLX would end the process, depend on the device, or never return. MLX uses the
/// processor's division instruction. On x86, x / 0 and the smallest number / -1 raise a signal. On arm64, x / 0 is 0, and its remainder is
/// x. On Metal, the result is undefined. MLX's power function repeatedly halves the exponent and never returns if it is negative.
/// </summary>
internal static unsafe class IntegerArithmetic
{
    /// <summary>Whether <paramref name="b"/> contains, or may contain, a divisor on which devices disagree.</summary>
    internal static bool MayTrap(MlxArray a, MlxArray b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (MlxLibrary.Kind != MlxLibraryKind.Mlx || b.Size == 0 || !AreIntegers(a, b))
        {
            return false;
        }

        return b.Weak is WeakScalar number ? number.Is(0) || number.Is(-1) : !Evaluation.IsKnown(b) || HasTrap(b);
    }

    /// <summary>The quotient, rounded down; 0 if the divisor is 0.</summary>
    internal static MlxArray Quotient(MlxArray a, MlxArray b, Func<MlxArray, MlxArray, MlxArray> divide, MlxStream? stream)
    {
        using SafeDivisor safe = new(a, b, stream);
        using MlxArray plain = divide(a, safe.Divisor);
        using MlxArray? negated = safe.IsMinusOne is null ? null : Mx.Negative(plain, stream);
        using MlxArray? signed = negated is null ? null : Mx.Where(safe.IsMinusOne!, negated, plain, stream);
        return Mx.Where(safe.IsZero, plain.DType == DType.Bool ? false : 0, signed ?? plain, stream);
    }

    /// <summary>The remainder, with the sign of the divisor; 0 if the divisor is 0.</summary>
    internal static MlxArray Remainder(MlxArray a, MlxArray b, Func<MlxArray, MlxArray, MlxArray> divide, MlxStream? stream)
    {
        using SafeDivisor safe = new(a, b, stream);
        return divide(a, safe.Divisor);
    }

    /// <summary>
    /// Rejects negative integer exponents, as NumPy does. The exponents are computed for this check, except under a transform.
    /// </summary>
    /// <exception cref="ArgumentException">An exponent is negative.</exception>
    internal static void CheckExponent(MlxArray a, MlxArray b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (b.DType.IsSignedInteger() && b.Size > 0 && AreIntegers(a, b)
            && Evaluation.CanRead(b) && Any(b, static value => value < 0))
        {
            throw new ArgumentException("Integers to negative integer powers aren't allowed; convert the "
                + "base with AsType(DType.Float32) first.", nameof(b));
        }
    }

    // Together with signed integers, uint64 is promoted to a floating-point dtype.
    private static bool AreIntegers(MlxArray a, MlxArray b) =>
        !a.DType.IsInexact() && !b.DType.IsInexact() && !Mx.ResultType(a, b).IsInexact();

    private static bool HasTrap(MlxArray b) => b.DType.IsSignedInteger()
        ? Any(b, static value => value is 0 or -1)
        : b.DType == DType.Bool ? b.ToArray<bool>().Contains(false)
        : b.DType == DType.UInt64 ? b.ToArray<ulong>().Contains(0UL)
        : Any(b, static value => value == 0);

    private static bool Any(MlxArray array, Predicate<long> predicate)
    {
        return array.DType switch
        {
            DType.UInt8 => In<byte>(),
            DType.UInt16 => In<ushort>(),
            DType.UInt32 => In<uint>(),
            DType.Int8 => In<sbyte>(),
            DType.Int16 => In<short>(),
            DType.Int32 => In<int>(),
            _ => In<long>(),
        };

        bool In<T>()
            where T : unmanaged, IBinaryInteger<T> => Array.Exists(array.ToArray<T>(), value => predicate(long.CreateTruncating(value)));
    }

    /// <summary>The divisor, with 1 in place of the values that trap.</summary>
    private readonly ref struct SafeDivisor
    {
        internal SafeDivisor(MlxArray a, MlxArray b, MlxStream? stream)
        {
            // The scalar takes the dtype of the other operand here, before the division.
            using MlxArray divisor = a.IsWeakScalar ? NativeCall.AsOperand(b, b.DType) : NativeCall.AsOperand(b, a.DType);
            MlxArray one = divisor.DType == DType.Bool ? true : 1;
            IsZero = Mx.LogicalNot(divisor, stream);
            if (!divisor.DType.IsSignedInteger())
            {
                Divisor = Mx.Where(IsZero, one, divisor, stream);
                return;
            }

            IsMinusOne = Mx.Equal(divisor, -1, stream);
            using MlxArray either = Mx.LogicalOr(IsZero, IsMinusOne, stream);
            Divisor = Mx.Where(either, one, divisor, stream);
        }

        internal MlxArray Divisor { get; }

        internal MlxArray IsZero { get; }

        internal MlxArray? IsMinusOne { get; }

        public void Dispose()
        {
            Divisor.Dispose();
            IsZero.Dispose();
            IsMinusOne?.Dispose();
        }
    }
}
