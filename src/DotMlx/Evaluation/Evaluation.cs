using System.Numerics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Runs one evaluation at a time: on the calling thread where the streams allow it, and otherwise on the thread that owns the streams. All
/// code that makes MLX evaluate goes through this class.
/// </summary>
internal static unsafe partial class Evaluation
{
    // Shared by all copies of this library in the process, because they share MLX.
    private static readonly Lock Gate = ProcessWide.Get("EvaluationGate", static () => new Lock());
    private static long _count;
    private static volatile bool _hasStartedAsynchronously;

    /// <summary>The number of evaluations and other exclusive native sections that have begun.</summary>
    internal static long Count => Volatile.Read(ref _count);

    /// <summary>Whether an evaluation was ever started without waiting for it.</summary>
    internal static bool HasStartedAsynchronously => _hasStartedAsynchronously;

    private static bool MayEvaluateHere => !StreamThread.Required || StreamThread.IsCurrent;

    internal static void Eval(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        if (!array.IsWeakScalar)
        {
            ThreadState thread = ThreadState.Current;
            int position = thread.RingPosition;
            Eval(array.Handle);
            thread.Rewind(position);
        }

        GC.KeepAlive(array);
    }

    /// <summary>Evaluates an array that the caller keeps alive.</summary>
    internal static void Eval(mlx_array handle)
    {
        ResetOperationCount();
        if (PeerWatch.IsLost)
        {
            ReadOnly(handle);
        }
        else if (MayEvaluateHere)
        {
            MlxError.ThrowIfFailed(EvalHere(handle), "mlx_array_eval");
        }
        else
        {
            EvalThere(handle);
        }
    }

    internal static void Eval(ReadOnlySpan<MlxArray> arrays) => EvalVector(arrays, asynchronously: false);

    /// <summary>Starts the evaluation and returns; reading an array waits for it.</summary>
    internal static void AsyncEval(ReadOnlySpan<MlxArray> arrays) => EvalVector(arrays, asynchronously: true);

    /// <summary>Evaluates on the library's own thread; the task completes when the values are available.</summary>
    internal static Task EvalOnStreamThread(ReadOnlySpan<MlxArray> arrays, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        if (arrays.IsEmpty)
        {
            return Task.CompletedTask;
        }

        PeerWatch.ThrowIfLost();
        RefuseTraced(arrays);

        ResetOperationCount();

        // The vector holds the native arrays, so the caller may dispose its arrays in the meantime.
        mlx_vector_array vector = VectorArray.From(arrays).Handle;
        return StreamThread.RunAsync(
            () =>
            {
                int status = 0;
                long begun = PeerWatch.Begin();
                Exclude(() => status = EvalAndWait(vector));
                MlxError.ThrowIfFailed(status, "mlx_eval");
                PeerWatch.Completed(begun, asynchronously: false);
            },
            () => NativeFree.Free(vector),
            cancellationToken);
    }

    // MLX refuses this too, but only on the thread that traces.
    private static void RefuseTraced(ReadOnlySpan<MlxArray> arrays)
    {
        if (!TraceLock.IsHeldByCurrentThread)
        {
            return;
        }

        foreach (MlxArray array in arrays)
        {
            ArgumentNullException.ThrowIfNull(array, nameof(arrays));
            if (!array.IsWeakScalar && !IsAvailable(array))
            {
                throw new MlxException(
                    $"[async_eval] An array of shape {ShapeText.Of(array)} is computed inside a function "
                    + "under a transform (Grad, Vmap, Compile, …), where asynchronous evaluation isn't possible. Evaluate the "
                    + "transform's result instead. Inside a gradient, Eval works.", "mlx_async_eval");
            }
        }
    }

    /// <summary>Evaluates arrays given by handles, which the caller keeps alive.</summary>
    internal static void Eval(mlx_vector_array arrays, bool asynchronously = false)
    {
        PeerWatch.ThrowIfLost();
        ResetOperationCount();
        if (MayEvaluateHere)
        {
            EvalHere(arrays, asynchronously);
        }
        else
        {
            EvalThere(arrays, asynchronously);
        }
    }

    /// <summary>Runs native calls that evaluate, such as saving, on a thread where evaluation is allowed.</summary>
    internal static void Run(Action evaluate)
    {
        PeerWatch.ThrowIfLost();
        if (MayEvaluateHere)
        {
            Exclude(evaluate);
        }
        else
        {
            StreamThread.Run(() => Exclude(evaluate));
        }
    }

    /// <summary>Runs native calls that evaluate nothing themselves on this thread, while no other thread evaluates.</summary>
    internal static void Exclude(Action action)
    {
        bool outermost = Enter();
        try
        {
            action();
        }
        finally
        {
            Exit(outermost);
        }
    }

    /// <summary>Waits for the running evaluation. Once the process is ending, no evaluation begins after it.</summary>
    /// <returns>Whether the evaluation ended in time.</returns>
    internal static bool WaitUntilIdle(TimeSpan patience)
    {
        if (!Gate.TryEnter(patience))
        {
            return false;
        }

        Gate.Exit();
        return true;
    }

    /// <summary>
    /// Runs a native call that changes tables that evaluations read, such as the table of streams. Unlike <see cref="Exclude"/>, this
    /// method needs no streams itself.
    /// </summary>
    internal static void Guard(Action action)
    {
        EnterGate();
        try
        {
            action();
        }
        finally
        {
            Gate.Exit();
        }
    }

    // An evaluation leaves no graph behind, except in a function under a transform.
    private static void ResetOperationCount()
    {
        if (!TraceLock.IsHeldByCurrentThread)
        {
            ThreadState.Current.Unevaluated = 0;
        }
    }

    private static void EvalVector(ReadOnlySpan<MlxArray> arrays, bool asynchronously)
    {
        if (arrays.IsEmpty)
        {
            return;
        }

        if (PeerWatch.IsLost)
        {
            foreach (MlxArray array in arrays)
            {
                ReadOnly(array.Handle);
                GC.KeepAlive(array);
            }

            return;
        }

        using var vector = VectorArray.From(arrays);
        Eval(vector.Handle, asynchronously);
    }

    private static int EvalHere(mlx_array handle)
    {
        bool outermost = Enter();
        try
        {
            long begun = PeerWatch.Begin();
            GraphLock.Enter();
            int status = Mlxc.mlx_array_eval(handle);
            GraphLock.Exit();
            PeerWatch.Completed(begun, asynchronously: false);
            return status;
        }
        finally
        {
            Exit(outermost);
        }
    }

    private static void EvalHere(mlx_vector_array arrays, bool asynchronously)
    {
        int status;
        bool outermost = Enter();
        try
        {
            _hasStartedAsynchronously |= asynchronously;
            long begun = PeerWatch.Begin();
            status = QueueOrEval(arrays, ref asynchronously);
            PeerWatch.Completed(begun, asynchronously);
        }
        finally
        {
            Exit(outermost);
        }

        MlxError.ThrowIfFailed(status, asynchronously ? "mlx_async_eval" : "mlx_eval");
    }

    // The graph changes only until all of its operations are queued, so transforms on other threads don't wait for the results.
    private static int EvalAndWait(mlx_vector_array arrays)
    {
        bool asynchronously = true;
        int status = QueueOrEval(arrays, ref asynchronously);
        return status != 0 ? status : Mlxc.mlx_eval(arrays);
    }

    // Evaluates after all if MLX refuses to do so asynchronously.
    private static int QueueOrEval(mlx_vector_array arrays, ref bool asynchronously)
    {
        GraphLock.Enter();
        int status = asynchronously ? Mlxc.mlx_async_eval(arrays) : Mlxc.mlx_eval(arrays);
        if (status != 0 && asynchronously && !TraceLock.IsHeldByCurrentThread)
        {
            // During a gradient on another thread, MLX mistakes every array for a traced one. Any other error occurs again.
            asynchronously = false;
            status = Mlxc.mlx_eval(arrays);
        }

        GraphLock.Exit();
        return status;
    }

    // Separate methods, so that callers that don't need the closures don't allocate them.
    private static void EvalThere(mlx_array array) =>
        StreamThread.Run(() => MlxError.ThrowIfFailed(EvalHere(array), "mlx_array_eval"));

    private static void EvalThere(mlx_vector_array arrays, bool asynchronously) =>
        StreamThread.Run(() => EvalHere(arrays, asynchronously));

    // Readers and writers call back from within an evaluation, and their callbacks may evaluate again.
    private static bool Enter()
    {
        if (Gate.IsHeldByCurrentThread)
        {
            return false;
        }

        MemoryPressure.Check();
        Streams.PrepareThread();
        EnterGate();
        if (ProcessEnd.IsClosedHere)
        {
            Gate.Exit();
            ProcessEnd.Abandon();
        }

        NativeFree.BeginEvaluation();
        _count++;
        return true;
    }

    private static void EnterGate() => PeerWatch.Enter(Gate);

    private static void Exit(bool outermost)
    {
        if (outermost)
        {
            NativeFree.EndEvaluation();
            bool mayHaveMadeStatics = BitOperations.IsPow2(_count);
            Gate.Exit();
            if (mayHaveMadeStatics)
            {
                ProcessEnd.RegisterExitHandler();
            }
        }
    }
}
