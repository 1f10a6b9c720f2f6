namespace DotMlx;

/// <summary>The triangle of a symmetric matrix that is read (UPLO in LAPACK).</summary>
public enum MatrixTriangle
{
    /// <summary>The lower triangle.</summary>
    L,

    /// <summary>The upper triangle.</summary>
    U,
}
