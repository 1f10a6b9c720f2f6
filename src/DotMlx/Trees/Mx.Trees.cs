using System.Runtime.InteropServices;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Computes every array of the trees (<c>mlx_eval</c>), as <c>Mx.Eval(model.Parameters(), optimizer.State)</c>.</summary>
    /// <param name="trees">Any number of trees; an array is a tree too.</param>
    /// <exception cref="MlxException">A computation failed.</exception>
    public static void Eval(params ReadOnlySpan<Tree> trees) => Evaluate(trees, asynchronously: false);

    /// <summary>Starts computing every array of the trees and returns at once (<c>mlx_async_eval</c>).</summary>
    /// <param name="trees">Any number of trees; an array is a tree too.</param>
    /// <exception cref="MlxException">The computation could not be started.</exception>
    public static void AsyncEval(params ReadOnlySpan<Tree> trees) => Evaluate(trees, asynchronously: true);

    private static void Evaluate(ReadOnlySpan<Tree> trees, bool asynchronously)
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

            if (asynchronously)
            {
                AsyncEval(CollectionsMarshal.AsSpan(arrays));
            }
            else
            {
                Eval(CollectionsMarshal.AsSpan(arrays));
            }
        }
        finally
        {
            gates.ForEach(gate => gate.EndLook());
        }
    }
}
