namespace DotMlx.NN;

/// <summary>
/// A module that maps one array to one array, like the elements of a <see cref="Sequential"/>. The source generator adds this interface to
/// a partial module class with a method <c>MlxArray Forward(MlxArray x)</c>.
/// </summary>
public interface IUnaryModule
{
    /// <summary>Applies the module.</summary>
    /// <param name="x">The input; the module determines its shape and dtype.</param>
    MlxArray Forward(MlxArray x);
}
