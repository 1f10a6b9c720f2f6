using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// Creates a compiled form of a function of one array (<c>mlx_detail_compile</c>). The function runs once per combination of shapes and
    /// dtypes; after that, MLX replays the simplified and fused graph.
    /// </summary>
    /// <param name="fun">
    /// A function without side effects except on the listed state. Anything else that it captures is constant.
    /// </param>
    /// <param name="inputs">State that the function reads: a model, an optimizer, <see cref="Random.State"/>.</param>
    /// <param name="outputs">State that the function changes; it holds its new arrays after every call.</param>
    /// <param name="shapeless">Whether one graph serves all shapes with the same number of dimensions.</param>
    /// <returns>
    /// The compiled function. It is released with its last reference, or immediately by disposing the delegate's <c>Target</c>. Each thread
    /// that calls the function compiles it separately.
    /// </returns>
    /// <exception cref="ArgumentException">When called: an argument isn't an array, a structure of arrays, or a constant.</exception>
    /// <exception cref="MlxException">When called: the function can't be compiled, for example because it evaluates.</exception>
    /// <remarks>
    /// An exception in the function is thrown unchanged, and it leaves the state and the cache unchanged. Inside another transform, the
    /// function runs uncompiled. On a CPU, MLX needs a C++ compiler at run time. If a module is listed as state, its mode counts like a
    /// shape: which of its modules are in training mode, and which parameters are frozen.
    /// </remarks>
    public static Func<MlxArray, MlxArray> Compile(
        Func<MlxArray, MlxArray> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false) =>
        Compile<MlxArray, MlxArray>(fun, inputs, outputs, shapeless);

    /// <inheritdoc cref="Compile(Func{MlxArray, MlxArray}, IMlxState[], IMlxState[], bool)"/>
    public static Func<MlxArray, MlxArray, MlxArray> Compile(
        Func<MlxArray, MlxArray, MlxArray> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false) =>
        Compile<MlxArray, MlxArray, MlxArray>(fun, inputs, outputs, shapeless);

    /// <inheritdoc cref="Compile(Func{MlxArray, MlxArray}, IMlxState[], IMlxState[], bool)"/>
    public static Func<MlxArray, MlxArray, MlxArray, MlxArray> Compile(
        Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null,
        bool shapeless = false) =>
        Compile<MlxArray, MlxArray, MlxArray, MlxArray>(fun, inputs, outputs, shapeless);

    /// <inheritdoc cref="Compile(Func{MlxArray, MlxArray}, IMlxState[], IMlxState[], bool)"/>
    public static Func<MlxArray[], MlxArray[]> Compile(
        Func<MlxArray[], MlxArray[]> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false) =>
        Compile<MlxArray[], MlxArray[]>(fun, inputs, outputs, shapeless);

    /// <summary>Compiles a function without arguments, which uses only its state.</summary>
    /// <inheritdoc cref="Compile{T1, T2, T3, T4, TResult}"/>
    public static Func<TResult> Compile<TResult>(
        Func<TResult> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return new CompiledFunction(_ => fun(), inputs, outputs, shapeless).Invoke<TResult>;
    }

    /// <summary>Compiles a function of one structure.</summary>
    /// <inheritdoc cref="Compile{T1, T2, T3, T4, TResult}"/>
    public static Func<T1, TResult> Compile<T1, TResult>(
        Func<T1, TResult> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return new CompiledFunction(a => fun((T1)a[0]!), inputs, outputs, shapeless).Invoke<T1, TResult>;
    }

    /// <summary>Compiles a function of two structures.</summary>
    /// <inheritdoc cref="Compile{T1, T2, T3, T4, TResult}"/>
    public static Func<T1, T2, TResult> Compile<T1, T2, TResult>(
        Func<T1, T2, TResult> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return new CompiledFunction(a => fun((T1)a[0]!, (T2)a[1]!), inputs, outputs, shapeless).Invoke<T1, T2, TResult>;
    }

    /// <summary>Compiles a function of three structures.</summary>
    /// <inheritdoc cref="Compile{T1, T2, T3, T4, TResult}"/>
    public static Func<T1, T2, T3, TResult> Compile<T1, T2, T3, TResult>(
        Func<T1, T2, T3, TResult> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return new CompiledFunction(a => fun((T1)a[0]!, (T2)a[1]!, (T3)a[2]!), inputs, outputs, shapeless).Invoke<T1, T2, T3, TResult>;
    }

    /// <summary>Compiles a function of four structures.</summary>
    /// <typeparam name="T1">
    /// An array; an array, list, or string dictionary of arrays; a <see cref="Tree"/>; a tuple of these; or a constant: a number, a string,
    /// an enum value, or null. Each combination of constants has its own graph.
    /// </typeparam>
    /// <typeparam name="T2">See <typeparamref name="T1"/>.</typeparam>
    /// <typeparam name="T3">See <typeparamref name="T1"/>.</typeparam>
    /// <typeparam name="T4">See <typeparamref name="T1"/>.</typeparam>
    /// <typeparam name="TResult">
    /// See <typeparamref name="T1"/>. Any part that isn't an array keeps its value from the first call for these shapes.
    /// </typeparam>
    /// <param name="fun">
    /// A function without side effects except on the listed state. Anything else that it captures is constant.
    /// </param>
    /// <param name="inputs">State that the function reads.</param>
    /// <param name="outputs">State that the function changes; it holds its new arrays after every call.</param>
    /// <param name="shapeless">Whether one graph serves all shapes with the same number of dimensions.</param>
    /// <returns>The compiled function.</returns>
    public static Func<T1, T2, T3, T4, TResult> Compile<T1, T2, T3, T4, TResult>(
        Func<T1, T2, T3, T4, TResult> fun, IMlxState[]? inputs = null, IMlxState[]? outputs = null, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return new CompiledFunction(
            a => fun((T1)a[0]!, (T2)a[1]!, (T3)a[2]!, (T4)a[3]!), inputs, outputs, shapeless).Invoke<T1, T2, T3, T4, TResult>;
    }

    /// <summary>Makes compiled functions run uncompiled (<c>mlx_disable_compile</c>), in the whole process.</summary>
    public static void DisableCompile() => SetCompile(Mlxc.mlx_disable_compile(), "mlx_disable_compile");

    /// <summary>Makes compiled functions compile again (<c>mlx_enable_compile</c>), even if <c>MLX_DISABLE_COMPILE</c> is set.</summary>
    public static void EnableCompile() => SetCompile(Mlxc.mlx_enable_compile(), "mlx_enable_compile");

    /// <summary>Sets how functions are compiled (<c>mlx_set_compile_mode</c>), in the whole process. Existing graphs are kept.</summary>
    /// <param name="mode">The mode.</param>
    public static void SetCompileMode(CompileMode mode)
    {
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "Use Disabled, NoSimplify, NoFuse, or Enabled.");
        }

        SetCompile(Mlxc.mlx_set_compile_mode((mlx_compile_mode)(int)mode), "mlx_set_compile_mode");
    }

    private static void SetCompile(int status, string function)
    {
        MlxError.ThrowIfFailed(status, function);
        CompiledFunction.SettingsChanged();
    }
}
