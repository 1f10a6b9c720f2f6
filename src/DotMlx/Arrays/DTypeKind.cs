namespace DotMlx;

/// <summary>
/// A kind of dtype for <see cref="Mx.IsDType(DType, ReadOnlySpan{DTypeKind})"/>: one dtype, a category, or a name of the array API.
/// </summary>
public readonly record struct DTypeKind
{
    private readonly DType? _dtype;
    private readonly DTypeCategory _category;

    private DTypeKind(DType? dtype, DTypeCategory category)
    {
        _dtype = dtype;
        _category = category;
    }

    /// <summary>One dtype.</summary>
    public static implicit operator DTypeKind(DType dtype) => new(dtype, default);

    /// <summary>All dtypes of a category.</summary>
    public static implicit operator DTypeKind(DTypeCategory category) => new(null, category);

    /// <summary>
    /// A kind by its array API name: <c>bool</c>, <c>signed integer</c>, <c>unsigned integer</c>, <c>integral</c>, <c>real floating</c>,
    /// <c>complex floating</c>, or <c>numeric</c>.
    /// </summary>
    /// <exception cref="ArgumentException">No kind has this name.</exception>
    public static implicit operator DTypeKind(string name) => name switch
    {
        "bool" => DType.Bool,
        "signed integer" => DTypeCategory.SignedInteger,
        "unsigned integer" => DTypeCategory.UnsignedInteger,
        "integral" => DTypeCategory.Integer,
        "real floating" => DTypeCategory.Floating,
        "complex floating" => DTypeCategory.ComplexFloating,
        "numeric" => DTypeCategory.Number,
        _ => throw new ArgumentException(
            $"There is no kind '{name}' of dtypes; expected bool, signed integer, unsigned integer, integral, real floating, complex "
            + $"floating, or numeric.", nameof(name)),
    };

    internal bool Contains(DType other) => _dtype is DType one ? one == other : Mx.IsSubDType(other, _category);
}
