namespace DotMlx;

/// <summary>The functions of <c>mlx.core</c> under Python's names in PascalCase, with Python's parameters and defaults.</summary>
public static unsafe partial class Mx
{
}
