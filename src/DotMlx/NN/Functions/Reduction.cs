namespace DotMlx.NN;

/// <summary>What a loss does with the values of the single elements.</summary>
public enum Reduction
{
    /// <summary>Returns them.</summary>
    None,

    /// <summary>Returns their mean.</summary>
    Mean,

    /// <summary>Returns their sum.</summary>
    Sum,
}
