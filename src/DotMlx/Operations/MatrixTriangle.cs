namespace DotMlx;

/// <summary>The triangle to read of a symmetric matrix (UPLO in LAPACK).</summary>
public enum MatrixTriangle
{
    /// <summary>The lower triangle.</summary>
    L,

    /// <summary>The upper triangle.</summary>
    U,
}
