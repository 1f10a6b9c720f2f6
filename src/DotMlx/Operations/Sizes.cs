using System.Globalization;

namespace DotMlx;

/// <summary>A size in two spatial dimensions; a single number stands for both.</summary>
/// <param name="Height">Along the first spatial axis.</param>
/// <param name="Width">Along the second.</param>
public readonly record struct Size2D(int Height, int Width)
{
    /// <summary>The same size in both dimensions.</summary>
    public static implicit operator Size2D(int size) => new(size, size);

    /// <summary>A size of a pair.</summary>
    public static implicit operator Size2D((int Height, int Width) size) => new(size.Height, size.Width);

    /// <summary>The two numbers.</summary>
    public int[] ToArray() => [Height, Width];

    /// <summary>The size as Python writes a tuple.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Height}, {Width})");
}

/// <summary>A size in three spatial dimensions; a single number stands for all.</summary>
/// <param name="Depth">Along the first spatial axis.</param>
/// <param name="Height">Along the second.</param>
/// <param name="Width">Along the third.</param>
public readonly record struct Size3D(int Depth, int Height, int Width)
{
    /// <summary>The same size in all dimensions.</summary>
    public static implicit operator Size3D(int size) => new(size, size, size);

    /// <summary>A size of a triple.</summary>
    public static implicit operator Size3D((int Depth, int Height, int Width) size) => new(size.Depth, size.Height, size.Width);

    /// <summary>The three numbers.</summary>
    public int[] ToArray() => [Depth, Height, Width];

    /// <summary>The size as Python writes a tuple.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Depth}, {Height}, {Width})");
}
