namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Whether a dtype is another dtype.</summary>
    /// <param name="arg1">The dtype to test.</param>
    /// <param name="arg2">The dtype to compare with.</param>
    /// <returns>True if both are the same dtype.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, because mlx-c lacks it.</remarks>
    public static bool IsSubDType(DType arg1, DType arg2) => arg1 == arg2;

    /// <summary>Whether a dtype belongs to a category, directly or through a narrower one.</summary>
    /// <param name="arg1">The dtype to test.</param>
    /// <param name="arg2">The category to compare with.</param>
    /// <returns>True if the dtype belongs to the category.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, because mlx-c lacks it.</remarks>
    public static bool IsSubDType(DType arg1, DTypeCategory arg2) => IsSubDType(arg1.Category(), arg2);

    /// <summary>Whether a category equals another category or is contained in it.</summary>
    /// <param name="arg1">The category to test.</param>
    /// <param name="arg2">The wider category.</param>
    /// <returns>True if the first category is the second one or is contained in it.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, because mlx-c lacks it.</remarks>
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

    /// <summary>Whether a category is a dtype, which is never the case.</summary>
    /// <param name="arg1">The category to test.</param>
    /// <param name="arg2">A dtype.</param>
    /// <returns>False.</returns>
    /// <remarks>mlx.core.issubdtype; written in C#, because mlx-c lacks it.</remarks>
    public static bool IsSubDType(DTypeCategory arg1, DType arg2)
    {
        _ = (arg1, arg2);
        return false;
    }

    /// <summary>The dtype of the result of an operation on two dtypes.</summary>
    /// <param name="a">The first dtype.</param>
    /// <param name="b">The second dtype.</param>
    /// <returns>The promoted dtype. uint64 with a signed integer gives float32, and so does float16 with bfloat16.</returns>
    /// <remarks>MLX's promote_types; written in C#, because mlx-c doesn't export it.</remarks>
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

    /// <summary>The dtype of the result of an operation on several arrays.</summary>
    /// <param name="arrays">At least one array or number. A number takes the dtype that the other operands determine.</param>
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
                DType own = typed is DType like ? scalar.DTypeWith(like) : scalar.DefaultDType;
                result = result is DType other ? PromoteTypes(other, own) : own;
            }
        }

        return result ?? throw new ArgumentException("At least one array is needed.", nameof(arrays));
    }

    /// <summary>The dtype of the result of an operation on several dtypes.</summary>
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

    /// <summary>Whether a dtype belongs to at least one of several kinds.</summary>
    /// <param name="dtype">The dtype to test.</param>
    /// <param name="kind">Dtypes, categories, or names of kinds in the array API.</param>
    /// <returns>True if one of them matches.</returns>
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

    /// <summary>Whether the elements of an array can be converted to a dtype by promotion, without losing their kind.</summary>
    /// <param name="from">The array.</param>
    /// <param name="to">The dtype to convert to.</param>
    /// <returns>True if the promotion of both gives <paramref name="to"/>.</returns>
    /// <remarks>mlx.core.can_cast of MLX 0.32; written in C#.</remarks>
    public static bool CanCast(MlxArray from, DType to)
    {
        ArgumentNullException.ThrowIfNull(from);
        return CanCast(from.DType, to);
    }

    /// <summary>Whether values of one dtype can be converted to another by promotion, without losing their kind.</summary>
    /// <param name="from">The dtype of the values.</param>
    /// <param name="to">The dtype to convert to.</param>
    /// <returns>True if the promotion of both gives <paramref name="to"/>.</returns>
    /// <remarks>mlx.core.can_cast of MLX 0.32; written in C#.</remarks>
    public static bool CanCast(DType from, DType to) => PromoteTypes(from, to) == to;

    /// <summary>The limits of a floating-point dtype.</summary>
    /// <param name="dtype">A floating-point dtype, or complex64, which has the limits of float32.</param>
    /// <returns>The smallest and the largest finite number, and the machine epsilon.</returns>
    /// <exception cref="ArgumentException">The dtype is neither floating-point nor complex.</exception>
    /// <remarks>mlx.core.finfo; written in C#, because mlx-c lacks it.</remarks>
    public static FInfo FInfo(DType dtype) => new(dtype);

    /// <summary>The limits of an integer dtype.</summary>
    /// <param name="dtype">An integer dtype.</param>
    /// <returns>The smallest and the largest number.</returns>
    /// <exception cref="ArgumentException">The dtype isn't an integer.</exception>
    /// <remarks>mlx.core.iinfo; written in C#, because mlx-c lacks it.</remarks>
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
