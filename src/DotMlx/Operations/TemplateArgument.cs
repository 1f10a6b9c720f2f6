namespace DotMlx;

/// <summary>
/// The value of a template parameter of a <see cref="CustomKernel"/>: a bool, an int, or a dtype, each converted implicitly.
/// </summary>
public readonly record struct TemplateArgument
{
    private TemplateArgument(bool? flag, int? number, DType? type)
    {
        Flag = flag;
        Number = number;
        Type = type;
    }

    internal bool? Flag { get; }

    internal int? Number { get; }

    internal DType? Type { get; }

    /// <summary>Converts the value of a bool parameter.</summary>
    public static implicit operator TemplateArgument(bool value) => new(value, null, null);

    /// <summary>Converts the value of an int parameter.</summary>
    public static implicit operator TemplateArgument(int value) => new(null, value, null);

    /// <summary>Converts the dtype of a type parameter.</summary>
    public static implicit operator TemplateArgument(DType value) => new(null, null, value);
}
