using System.Runtime.CompilerServices;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Computes the arrays and waits until their values are available (<c>mx.eval</c>).</summary>
    /// <param name="arrays">Arrays of any shapes and dtypes; arrays that are already computed cost nothing.</param>
    /// <exception cref="MlxException">MLX failed to compute an array.</exception>
    /// <exception cref="ObjectDisposedException">An array has been disposed.</exception>
    public static void Eval(params ReadOnlySpan<MlxArray> arrays) => Evaluation.Eval(arrays);

    /// <inheritdoc cref="Eval(ReadOnlySpan{MlxArray})"/>
    public static void Eval(IEnumerable<MlxArray> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        Evaluation.Eval(arrays.ToArray());
    }

    /// <summary>
    /// Starts computing the arrays on the library's own thread and returns immediately (<c>mx.async_eval</c>). No thread-pool thread is
    /// blocked. Await the task to wait for the values; reading an array waits too.
    /// </summary>
    /// <param name="arrays">The arrays; they may be disposed before the task completes.</param>
    /// <returns>A task that completes when the values are available, or fails with MLX's error.</returns>
    [OverloadResolutionPriority(1)]
    public static Task EvalAsync(params ReadOnlySpan<MlxArray> arrays) => Evaluation.EvalOnStreamThread(arrays, CancellationToken.None);

    /// <inheritdoc cref="EvalAsync(ReadOnlySpan{MlxArray})"/>
    /// <param name="arrays">The arrays; they may be disposed before the task completes.</param>
    /// <param name="cancellationToken">Cancels the wait; an evaluation that has begun runs to its end.</param>
    public static Task EvalAsync(ReadOnlySpan<MlxArray> arrays, CancellationToken cancellationToken) =>
        Evaluation.EvalOnStreamThread(arrays, cancellationToken);

    /// <inheritdoc cref="EvalAsync(ReadOnlySpan{MlxArray}, CancellationToken)"/>
    public static Task EvalAsync(IEnumerable<MlxArray> arrays, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return Evaluation.EvalOnStreamThread(arrays.ToArray(), cancellationToken);
    }
}

public sealed unsafe partial class MlxArray
{
    /// <summary>Computes the array and waits until its values are available.</summary>
    /// <exception cref="MlxException">MLX failed to compute the array.</exception>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    public void Eval() => Evaluation.Eval(this);

    /// <inheritdoc cref="Mx.EvalAsync(ReadOnlySpan{MlxArray}, CancellationToken)"/>
    public Task EvalAsync(CancellationToken cancellationToken = default) => Mx.EvalAsync([this], cancellationToken);
}
