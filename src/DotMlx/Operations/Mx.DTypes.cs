namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Whether a dtype is another dtype.</summary>
    /// <param name="arg1">The dtype asked about.</param>
    /// <param name="arg2">The dtype it may be.</param>
    /// <returns>True for the same dtype.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, mlx-c has no such function.</remarks>
    public static bool IsSubDType(DType arg1, DType arg2) => arg1 == arg2;

    /// <summary>Whether a dtype belongs to a category, directly or through a narrower one.</summary>
    /// <param name="arg1">The dtype asked about.</param>
    /// <param name="arg2">The category it may belong to.</param>
    /// <returns>True when it does.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, mlx-c has no such function.</remarks>
    public static bool IsSubDType(DType arg1, DTypeCategory arg2) => IsSubDType(arg1.Category(), arg2);

    /// <summary>Whether a category is another or is contained in it.</summary>
    /// <param name="arg1">The category asked about.</param>
    /// <param name="arg2">The wider category.</param>
    /// <returns>True when it is.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, mlx-c has no such function.</remarks>
    public static bool IsSubDType(DTypeCategory arg1, DTypeCategory arg2)
    {
        for (DTypeCategory? category = arg1; category is DTypeCategory current; category = Parent(current))
        {
            if (current == arg2)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a category is a dtype: never.</summary>
    /// <param name="arg1">The category asked about.</param>
    /// <param name="arg2">A dtype.</param>
    /// <returns>False.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, mlx-c has no such function.</remarks>
    public static bool IsSubDType(DTypeCategory arg1, DType arg2)
    {
        _ = (arg1, arg2);
        return false;
    }

    /// <summary>The dtype that an operation on two dtypes gives.</summary>
    /// <param name="a">First dtype.</param>
    /// <param name="b">Second dtype.</param>
    /// <returns>The promoted dtype; uint64 with a signed integer gives float32, float16 with bfloat16 too.</returns>
    /// <remarks>MLX's promote_types; written in C#, mlx-c does not show it.</remarks>
    public static DType PromoteTypes(DType a, DType b)
    {
        if (a == b || b == DType.Bool)
        {
            return a;
        }

        if (a == DType.Bool)
        {
            return b;
        }

        if (a == DType.Complex64 || b == DType.Complex64)
        {
            return DType.Complex64;
        }

        return (a.IsFloating(), b.IsFloating()) switch
        {
            (true, true) => a == DType.Float64 || b == DType.Float64 ? DType.Float64 : DType.Float32,
            (true, false) => a,
            (false, true) => b,
            _ => PromoteIntegers(a, b),
        };
    }

    /// <summary>The dtype that an operation on several arrays gives.</summary>
    /// <param name="arrays">At least one array or number; a number takes the dtype the others give it.</param>
    /// <returns>The promoted dtype.</returns>
    /// <exception cref="ArgumentException">No array is given.</exception>
    /// <remarks>mlx.core.result_type of MLX 0.32; written in C#.</remarks>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public static DType ResultType(params ReadOnlySpan<MlxArray> arrays)
    {
        DType? typed = null;
        foreach (MlxArray array in arrays)
        {
            ArgumentNullException.ThrowIfNull(array, nameof(arrays));
            if (!array.IsWeakScalar)
            {
                typed = typed is DType other ? PromoteTypes(other, array.DType) : array.DType;
            }
        }

        DType? result = typed;
        foreach (MlxArray array in arrays)
        {
            if (array.Weak is WeakScalar scalar)
            {
                DType own = typed is DType like ? scalar.DTypeBeside(like) : scalar.DefaultDType;
                result = result is DType other ? PromoteTypes(other, own) : own;
            }
        }

        return result ?? throw new ArgumentException("At least one array is needed.", nameof(arrays));
    }

    /// <summary>The dtype that an operation on several dtypes gives.</summary>
    /// <param name="dtypes">At least one dtype.</param>
    /// <returns>The promoted dtype.</returns>
    /// <exception cref="ArgumentException">No dtype is given.</exception>
    /// <remarks>mlx.core.result_type of MLX 0.32; written in C#.</remarks>
    public static DType ResultType(params ReadOnlySpan<DType> dtypes)
    {
        if (dtypes.IsEmpty)
        {
            throw new ArgumentException("At least one dtype is needed.", nameof(dtypes));
        }

        DType result = dtypes[0];
        foreach (DType dtype in dtypes)
        {
            result = PromoteTypes(result, dtype);
        }

        return result;
    }

    /// <summary>Whether a dtype is of at least one of several kinds.</summary>
    /// <param name="dtype">The dtype asked about.</param>
    /// <param name="kind">Dtypes, categories, or names of kinds as the array API has them.</param>
    /// <returns>True when one of them fits.</returns>
    /// <remarks>mlx.core.isdtype of MLX 0.32; written in C#.</remarks>
    public static bool IsDType(DType dtype, params ReadOnlySpan<DTypeKind> kind)
    {
        foreach (DTypeKind one in kind)
        {
            if (one.Contains(dtype))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the elements of an array convert to a dtype by promotion, without loss of kind.</summary>
    /// <param name="from">The array.</param>
    /// <param name="to">Dtype to convert to.</param>
    /// <returns>True when promoting both gives <paramref name="to"/>.</returns>
    /// <remarks>mlx.core.can_cast of MLX 0.32; written in C#.</remarks>
    public static bool CanCast(MlxArray from, DType to)
    {
        ArgumentNullException.ThrowIfNull(from);
        return CanCast(from.DType, to);
    }

    /// <summary>Whether values of one dtype convert to another by promotion, without loss of kind.</summary>
    /// <param name="from">Dtype of the values.</param>
    /// <param name="to">Dtype to convert to.</param>
    /// <returns>True when promoting both gives <paramref name="to"/>.</returns>
    /// <remarks>mlx.core.can_cast of MLX 0.32; written in C#.</remarks>
    public static bool CanCast(DType from, DType to) => PromoteTypes(from, to) == to;

    /// <summary>The limits of a floating dtype.</summary>
    /// <param name="dtype">A floating dtype or complex64, which reports those of float32.</param>
    /// <returns>Smallest and largest finite number and machine epsilon.</returns>
    /// <exception cref="ArgumentException">The dtype is neither floating nor complex.</exception>
    /// <remarks>mlx.core.finfo; written in C#, mlx-c has no such function.</remarks>
    public static FInfo FInfo(DType dtype) => new(dtype);

    /// <summary>The limits of an integer dtype.</summary>
    /// <param name="dtype">An integer dtype.</param>
    /// <returns>Smallest and largest number.</returns>
    /// <exception cref="ArgumentException">The dtype is no integer.</exception>
    /// <remarks>mlx.core.iinfo; written in C#, mlx-c has no such function.</remarks>
    public static IInfo IInfo(DType dtype) => new(dtype);

    private static DTypeCategory? Parent(DTypeCategory category) => category switch
    {
        DTypeCategory.ComplexFloating or DTypeCategory.Floating => DTypeCategory.Inexact,
        DTypeCategory.SignedInteger or DTypeCategory.UnsignedInteger => DTypeCategory.Integer,
        DTypeCategory.Inexact or DTypeCategory.Integer => DTypeCategory.Number,
        DTypeCategory.Number => DTypeCategory.Generic,
        _ => null,
    };

    private static DType PromoteIntegers(DType a, DType b)
    {
        if (a.IsSignedInteger() == b.IsSignedInteger())
        {
            return a.ItemSize() >= b.ItemSize() ? a : b;
        }

        (DType signed, DType unsigned) = a.IsSignedInteger() ? (a, b) : (b, a);
        if (unsigned.ItemSize() < signed.ItemSize())
        {
            return signed;
        }

        return unsigned switch
        {
            DType.UInt8 => DType.Int16,
            DType.UInt16 => DType.Int32,
            DType.UInt32 => DType.Int64,
            _ => DType.Float32,
        };
    }
}
