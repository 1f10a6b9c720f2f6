using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Distributed;

/// <summary>Trains fifty steps, either in one process with the whole batch or in several with a part each.</summary>
internal static class Training
{
    internal const int Steps = 50;
    private const int Batch = 16;
    private const int Inputs = 12;
    private const int Hidden = 32;
    private const int Classes = 4;

    /// <summary>Trains and returns the complete parameters.</summary>
    internal static TreeDictionary Run(DistributedGroup group, string kind)
    {
        Mx.Random.Seed(11);
        Sequential model = new(new Linear(Inputs, Hidden), new Tanh(), new Linear(Hidden, Hidden), new Tanh(), new Linear(Hidden, Classes));
        Mx.Eval(model.Parameters());
        OptimizerBase optimizer = kind is "sgd" or "per-array" ? new SGD(0.1f, momentum: 0.9f) : new AdamW(0.01f);
        FullyShardedModule? wrapped = kind == "fully-sharded" ? Sharding.FullyShard(model, group) as FullyShardedModule : null;
        Module trained = (Module?)wrapped ?? model;
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients = trained.ValueAndGrad(
            (MlxArray x, MlxArray y) => Losses.CrossEntropy(((IUnaryModule)trained).Forward(x), y, reduction: DotMlx.NN.Reduction.Mean));
        for (int step = 0; step < Steps; step++)
        {
            (MlxArray x, MlxArray y) = Part(step, group);
            (MlxArray loss, TreeDictionary gradients) = lossAndGradients(x, y);
            Step(group, kind, trained, optimizer, gradients);
            Mx.Eval(new TreeList { trained.Parameters(), optimizer.State, loss });
        }

        TreeDictionary result = wrapped?.GatherParameters() ?? model.Parameters();
        Mx.Eval(result);
        return result;
    }

    private static void Step(DistributedGroup group, string kind, Module model, OptimizerBase optimizer, TreeDictionary gradients)
    {
        const float MaxNorm = 0.5f;
        switch (kind)
        {
            case "fsdp":
                model.Update(Gradients.FsdpApply(gradients, model.TrainableParameters(), optimizer, group, communicationSize: 1000,
                    maxNorm: MaxNorm).Parameters);
                break;
            case "fully-sharded":
                optimizer.Update(model, Gradients.ClipNormSharded(gradients, MaxNorm, group).Gradients);
                break;
            case "clipped":
                optimizer.Update(model, Gradients.ClipNorm(Gradients.Average(gradients, group), MaxNorm).Gradients);
                break;
            default:
                optimizer.Update(model, Gradients.Average(gradients, group, allReduceSize: kind == "per-array" ? 0 : 2000));
                break;
        }
    }

    private static (MlxArray X, MlxArray Y) Part(int step, DistributedGroup group)
    {
        MlxArray x = Mx.Random.Normal([Batch, Inputs], key: Mx.Random.Key((ulong)step));
        MlxArray y = Mx.ArgMax(x[.., ..Classes] + x[.., Classes..(2 * Classes)], axis: 1);
        int rows = Batch / group.Size;
        Range own = (group.Rank * rows)..((group.Rank + 1) * rows);
        return (x[own], y[own]);
    }
}
