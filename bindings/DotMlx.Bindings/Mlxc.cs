namespace DotMlx.Bindings;

/// <summary>
/// The C API of MLX as it is: C names, blittable types, no marshalling. A non-zero status and a handle with a null <c>ctx</c> mean failure;
/// <see cref="MlxError"/> turns them into exceptions. Every handle wants its <c>_free</c>.
/// </summary>
/// <remarks>
/// The forms under the plain names are those of the pinned mlx-c; a name that ends in a version is the form of that version.
/// <see cref="MlxcPortable"/> has the functions that changed, in one form for all versions.
/// </remarks>
public static unsafe partial class Mlxc
{
}
