namespace DotMlx.Bindings;

/// <summary>
/// The raw C API of MLX: C names, blittable types, no marshalling. A nonzero status or a handle with a null <c>ctx</c> means failure;
/// <see cref="MlxError"/> converts it to an exception. Every handle must be freed by its <c>_free</c> function.
/// </summary>
/// <remarks>
/// The plain names have the signatures of the pinned mlx-c. A name that ends in a version has the signature of that version.
/// <see cref="MlxcPortable"/> contains the functions that changed, with one signature for all versions.
/// </remarks>
public static unsafe partial class Mlxc
{
}
