namespace DotMlx.Bindings;

/// <summary>
/// The functions whose C signature differs between known mlx-c versions, with the parameters and the meaning of the pinned version on all of them.
/// </summary>
public static unsafe partial class MlxcPortable
{
}
