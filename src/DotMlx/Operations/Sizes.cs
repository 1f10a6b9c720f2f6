using System.Globalization;

namespace DotMlx;

/// <summary>A size in two spatial dimensions. A single number stands for both.</summary>
/// <param name="Height">The size along the first spatial axis.</param>
/// <param name="Width">The size along the second spatial axis.</param>
public readonly record struct Size2D(int Height, int Width)
{
    /// <summary>Converts a number to the same size in both dimensions.</summary>
    public static implicit operator Size2D(int size) => new(size, size);

    /// <summary>Converts a pair of numbers to a size.</summary>
    public static implicit operator Size2D((int Height, int Width) size) => new(size.Height, size.Width);

    /// <summary>Returns the two numbers.</summary>
    public int[] ToArray() => [Height, Width];

    /// <summary>The size in the form of a Python tuple.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Height}, {Width})");
}

/// <summary>A size in three spatial dimensions. A single number stands for all three.</summary>
/// <param name="Depth">The size along the first spatial axis.</param>
/// <param name="Height">The size along the second spatial axis.</param>
/// <param name="Width">The size along the third spatial axis.</param>
public readonly record struct Size3D(int Depth, int Height, int Width)
{
    /// <summary>Converts a number to the same size in all dimensions.</summary>
    public static implicit operator Size3D(int size) => new(size, size, size);

    /// <summary>Converts three numbers to a size.</summary>
    public static implicit operator Size3D((int Depth, int Height, int Width) size) => new(size.Depth, size.Height, size.Width);

    /// <summary>Returns the three numbers.</summary>
    public int[] ToArray() => [Depth, Height, Width];

    /// <summary>The size in the form of a Python tuple.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Depth}, {Height}, {Width})");
}
