namespace DotMlx.NN;

/// <summary>How a loss combines the values of the individual elements.</summary>
public enum Reduction
{
    /// <summary>Returns the individual losses.</summary>
    None,

    /// <summary>Returns their mean.</summary>
    Mean,

    /// <summary>Returns their sum.</summary>
    Sum,
}
