using System.Runtime.ExceptionServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Carries an exception of a managed callback through the native frames that called it. The callback stores the exception and reports
/// failure, and the outer caller throws the original exception instead of MLX's 'returned a non-zero value'.
/// </summary>
internal static class CallbackErrors
{
    // Callbacks run on the thread of the native call.
    [ThreadStatic]
    private static ExceptionDispatchInfo? _pending;

    /// <summary>Runs the body of a callback that MLX calls during a transform.</summary>
    /// <returns>The status for MLX: nonzero after an exception, which <see cref="ThrowIfFailed"/> throws.</returns>
    internal static int Run(Action callback)
    {
        GraphTraversal.End();
        try
        {
            callback();
            GraphTraversal.Begin();
            return 0;
        }
        catch (Exception exception)
        {
            _pending = ExceptionDispatchInfo.Capture(exception);
            return 1;
        }
    }

    /// <summary>Must follow each native call that may run callbacks; also ends the traversal of the graph.</summary>
    /// <exception cref="MlxException">The call failed without an exception from a callback.</exception>
    internal static void ThrowIfFailed(int status, string function)
    {
        GraphTraversal.End();
        ExceptionDispatchInfo? exception = _pending;
        _pending = null;
        if (status != 0)
        {
            if (exception is not null)
            {
                _ = MlxError.TakeMessage();
                exception.Throw();
            }

            MlxError.ThrowIfFailed(status, function);
        }
    }

    /// <summary>Like <see cref="ThrowIfFailed"/>, for functions that report failure by a null handle.</summary>
    internal static unsafe void ThrowIfNull(void* handle, string function) => ThrowIfFailed(handle == null ? 1 : 0, function);
}
