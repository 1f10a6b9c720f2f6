using System.Runtime.InteropServices;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// Computes every array of the trees (<c>mx.eval</c>), for example <c>Mx.Eval(model.Parameters(), optimizer.State)</c>.
    /// </summary>
    /// <param name="trees">Any number of trees; an array is a tree too.</param>
    /// <exception cref="MlxException">A computation failed.</exception>
    public static void Eval(params ReadOnlySpan<Tree> trees) => WithLeaves(trees, arrays => Eval(CollectionsMarshal.AsSpan(arrays)));

    /// <summary>
    /// Starts computing every array of the trees on the library's own thread and returns immediately (<c>mx.async_eval</c>).
    /// </summary>
    /// <param name="trees">Any number of trees; an array is a tree too.</param>
    /// <returns>A task that completes when the values are available, or fails with MLX's error.</returns>
    public static Task EvalAsync(params ReadOnlySpan<Tree> trees)
    {
        Task started = Task.CompletedTask;
        WithLeaves(trees, arrays => started = EvalAsync(CollectionsMarshal.AsSpan(arrays), CancellationToken.None));
        return started;
    }

    /// <summary>Starts computing on the calling thread, for internal use (<c>mlx_async_eval</c>).</summary>
    internal static void StartEval(Tree tree) => WithLeaves([tree], arrays => Evaluation.AsyncEval(CollectionsMarshal.AsSpan(arrays)));

    private static void WithLeaves(ReadOnlySpan<Tree> trees, Action<List<MlxArray>> action)
    {
        List<MlxArray> arrays = [];
        List<StateGate> gates = [];
        try
        {
            foreach (Tree tree in trees)
            {
                ArgumentNullException.ThrowIfNull(tree, nameof(trees));
                tree.CollectToEvaluate(arrays, gates);
            }

            action(arrays);
        }
        finally
        {
            gates.ForEach(gate => gate.EndRead());
        }
    }
}
