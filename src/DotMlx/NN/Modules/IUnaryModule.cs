namespace DotMlx.NN;

/// <summary>
/// Something that maps one array to another, as the elements of a <see cref="Sequential"/> do. A partial module class with a
/// <c>MlxArray Forward(MlxArray x)</c> implements it without saying so: the source generator adds it.
/// </summary>
public interface IUnaryModule
{
    /// <summary>Applies the module.</summary>
    /// <param name="x">The input; shape and dtype as the module wants them.</param>
    MlxArray Forward(MlxArray x);
}
