using System.Diagnostics;
using System.Globalization;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Distributed;

/// <summary>Runs one rank of a test: <c>rank FOLDER SCENARIO ARGUMENTS</c>.</summary>
internal static class RankProgram
{
    /// <summary>The exit code after an exception of MLX, whose message is written to standard error.</summary>
    internal const int Failed = 3;

    internal static int Start(string folder, string scenario, string[] arguments)
    {
        EndWithParent();
        try
        {
            Run(folder, scenario, arguments);
            return 0;
        }
        catch (MlxException e)
        {
            Console.Error.WriteLine(e.Message);
            return Failed;
        }
    }

    private static void Run(string folder, string scenario, string[] arguments)
    {
        if (scenario == "late")
        {
            Mx.Distributed.Init(timeout: TimeSpan.FromSeconds(double.Parse(arguments[0], CultureInfo.InvariantCulture)));
            return;
        }

        DistributedGroup group = Mx.Distributed.Init(strict: true, backend: "ring");
        switch (scenario)
        {
            case "compute":
                Collectives(group);
                Neighbors(group);
                ShardedLinear(group);
                break;
            case "train":
                foreach (string kind in arguments)
                {
                    Training.Run(group, kind).Save(Path.Combine(folder, $"{kind}{group.Rank}.safetensors"));
                }

                break;
            case "shapes":
                foreach (string kind in arguments)
                {
                    // All ranks get the exception and remain in step afterward.
                    MlxException e = Assert.Throws<MlxException>(() => Shapes(group, kind))!;
                    Console.WriteLine($"{kind}: {e.Message}");
                }

                break;
            case "die":
                Die(group, asynchronously: arguments is ["async"]);
                break;
            case "stand-still":
                StandStill(group);
                break;
            case "leave":
                Leave(group);
                break;
            default:
                throw new ArgumentException(scenario);
        }
    }

    private static void Collectives(DistributedGroup group)
    {
        int rank = group.Rank;
        float size = group.Size;
        MlxArray x = MlxArray.Create<float>([rank, 1, -rank, 2 * rank, 7], 5);
        float ranks = size * (size - 1) / 2;
        Expect(Mx.Distributed.AllSum(x, group), [ranks, size, -ranks, 2 * ranks, 7 * size]);
        Expect(Mx.Distributed.AllMax(x), [size - 1, 1, 0, 2 * (size - 1), 7]);
        Expect(Mx.Distributed.AllMin(x, group), [0, 1, -(size - 1), 0, 7]);
        Expect(Mx.Distributed.AllSum(MlxArray.Create<float>([1], 1)), [size]);
        Expect(Mx.Distributed.AllGather(MlxArray.Create<float>([rank, 10 + rank], 1, 2), group),
            [.. Enumerable.Range(0, group.Size).SelectMany(r => new float[] { r, 10 + r })]);

        // The gradient of a sum over the group is the cotangent itself, and the checks must not affect the transform.
        Expect(Mx.Grad(v => (Mx.Distributed.AllSum(v, group) * v).Sum())(x),
            [.. new[] { ranks, size, -ranks, 2 * ranks, 7 * size }.Zip(x.ToArray<float>(), (sum, own) => sum + own)]);
        Expect(Mx.Compile((MlxArray v) => Mx.Distributed.AllSum(v * 2, group))(x), [2 * ranks, 2 * size, -2 * ranks, 4 * ranks, 14 * size]);
        Mx.Distributed.Checks = CollectiveChecks.Always;
        Expect(Mx.Distributed.AllSum(x, group), [ranks, size, -ranks, 2 * ranks, 7 * size]);
        Task.Run(async () =>
        {
            MlxArray sum = Mx.Distributed.AllSum(x, group);
            await sum.EvalAsync();
            Expect(sum, [ranks, size, -ranks, 2 * ranks, 7 * size]);
        }).Wait();
        group.Barrier();
        Mx.Distributed.Checks = CollectiveChecks.FirstUse;
        Refused<MlxException>(() => Mx.Distributed.SumScatter(Mx.Zeros(2 * group.Size), group).Eval());
        Refused<MlxException>(() => group.Split(0));
        Refused<MlxException>(() => Mx.Distributed.Send(x, group.Size, group));
        Refused<MlxException>(() => Mx.Distributed.Recv([1], DType.Float32, rank, group));
        using DistributedGroup again = Mx.Distributed.Init();
        Console.WriteLine($"{again.Rank} of {again.Size}");
        group.Barrier();
    }

    private static void Neighbors(DistributedGroup group)
    {
        int right = (group.Rank + 1) % group.Size, left = (group.Rank + group.Size - 1) % group.Size;
        MlxArray mine = MlxArray.Create<int>([group.Rank, 42], 2);
        MlxArray sent = Mx.Distributed.Send(mine, right, group);
        MlxArray received = Mx.Distributed.RecvLike(mine, left, group);

        // The operations run in turn, because in one evaluation all ranks might receive first.
        sent.Eval();
        received.Eval();
        Console.WriteLine(string.Join(' ', received.ToArray<int>()));
        if (group.Size > 3)
        {
            int across = (group.Rank + 2) % group.Size;
            Refused<MlxException>(() => Mx.Distributed.Send(mine, across, group));
            Refused<MlxException>(() => Mx.Distributed.Recv([2], DType.Int32, across, group));
        }

        group.Barrier();
    }

    /// <summary>Two sharded layers compute the results and gradients of two complete layers, plain and quantized.</summary>
    private static void ShardedLinear(DistributedGroup group)
    {
        Mx.Random.Seed(3);
        Linear up = new(128, 256);
        Linear down = new(256, 128, bias: false);
        MlxArray x = Mx.Random.Normal([4, 128]);
        Mx.Eval(up.Parameters(), down.Parameters(), x);
        Linear upPart = Sharding.ShardLinear(up, ShardingKind.AllToSharded, group: group);
        Linear downPart = Sharding.ShardLinear(down, ShardingKind.ShardedToAll, group: group);
        Assert.That((upPart.InputDims, upPart.OutputDims, downPart.InputDims, downPart.OutputDims), Is.EqualTo((128, 256, 256, 128)));

        MlxArray Whole(MlxArray v) => down.Forward(Activations.Gelu(up.Forward(v)));
        MlxArray Parts(MlxArray v) => downPart.Forward(Activations.Gelu(upPart.Forward(v)));
        Near(Parts(x), Whole(x));
        Near(Mx.Grad(v => Mx.Square(Parts(v)).Sum())(x), Mx.Grad(v => Mx.Square(Whole(v)).Sum())(x));

        // The gradient of a part equals that part of the complete gradient.
        Tree partGradient = upPart.ValueAndGrad(v => Mx.Square(Parts(v)).Sum())(x).Gradients;
        Tree wholeGradient = up.ValueAndGrad(v => Mx.Square(Whole(v)).Sum())(x).Gradients;
        int rows = 256 / group.Size;
        Near(partGradient["weight"].Array, wholeGradient["weight"].Array[(group.Rank * rows)..((group.Rank + 1) * rows)]);

        Linear fused = new(128, 3 * 64);
        AllToShardedLinear fusedPart = AllToShardedLinear.FromLinear(fused, segments: 3, group);
        MlxArray[] thirds = Mx.Split(fused.Weight, 3);
        int third = 64 / group.Size;
        Near(fusedPart.Weight, Mx.Concatenate([.. thirds.Select(part => part[(group.Rank * third)..((group.Rank + 1) * third)])]));

        Linear quantizedUp = Sharding.ShardLinear(QuantizedLinear.FromLinear(up, groupSize: 32), ShardingKind.AllToSharded, group: group);
        Linear quantizedDown = Sharding.ShardLinear(QuantizedLinear.FromLinear(down, groupSize: 32),
            ShardingKind.ShardedToAll, group: group);
        Near(
            quantizedDown.Forward(Activations.Gelu(quantizedUp.Forward(x))),
            QuantizedLinear.FromLinear(down, groupSize: 32)
                .Forward(Activations.Gelu(QuantizedLinear.FromLinear(up, groupSize: 32).Forward(x))));
        Refused<ArgumentException>(() => _ = new AllToShardedLinear(8, group.Size + 1, group: group));
        group.Barrier();
    }

    private static void Shapes(DistributedGroup group, string kind)
    {
        bool odd = group.Rank == group.Size - 1;
        switch (kind)
        {
            case "shape":
                Mx.Distributed.AllSum(Mx.Zeros(odd ? 4 : 3), group).Eval();
                break;
            case "dtype":
                Mx.Distributed.AllMax(Mx.Zeros([2, 3], odd ? DType.Int32 : DType.Float32), group).Eval();
                break;
            case "operation":
                (odd ? Mx.Distributed.AllGather(Mx.Zeros(5), group) : Mx.Distributed.AllSum(Mx.Zeros(5), group)).Eval();
                break;
            case "tree":
                TreeDictionary gradients = new()
                    { ["a"] = Mx.Zeros(2), ["b"] = new TreeDictionary { ["weight"] = Mx.Zeros(odd ? 3 : 2, 2) } };
                Mx.Eval(Gradients.Average(gradients, group));
                break;
            case "later":
                // The ranks agree on the first shape, and because all ranks request it, every call is compared.
                Mx.Distributed.Checks = CollectiveChecks.Always;
                Mx.Distributed.AllSum(Mx.Zeros(3), group).Eval();
                Mx.Distributed.AllSum(Mx.Zeros(4), group).Eval();
                Mx.Distributed.AllSum(Mx.Zeros(odd ? 3 : 4), group).Eval();
                break;
            default:
                throw new ArgumentException(kind);
        }
    }

    private static void Die(DistributedGroup group, bool asynchronously)
    {
        MlxArray kept = Mx.Arange(5) * 2;
        kept.Eval();
        try
        {
            for (int step = 0; step < 1000; step++)
            {
                if (step == 5 && group.Rank == group.Size - 2)
                {
                    Process.GetCurrentProcess().Kill();
                    Thread.Sleep(Timeout.Infinite);
                }

                MlxArray sum = Mx.Distributed.AllSum(Mx.Ones(100_000), group);
                if (asynchronously)
                {
                    sum.EvalAsync().GetAwaiter().GetResult();
                }
                else
                {
                    sum.Eval();
                }
            }
        }
        catch (MlxException e)
        {
            // Computed arrays can be read, and reading others fails immediately instead of waiting.
            Expect(kept, [0, 2, 4, 6, 8]);
            Refused<MlxException>(() => (kept + 1).Eval());
            Refused<MlxException>(() => Mx.Distributed.AllSum(kept, group));
            Refused<MlxException>(() => (kept + 1).EvalAsync().GetAwaiter().GetResult());
            throw new MlxException(e.Message, e);
        }
    }

    private static void StandStill(DistributedGroup group)
    {
        Mx.Distributed.Timeout = TimeSpan.FromSeconds(2);
        group.Barrier();
        if (group.Rank == group.Size - 1)
        {
            Console.In.ReadToEnd();
        }

        group.Barrier();
    }

    /// <summary>One rank continues alone after the others have ended normally.</summary>
    private static void Leave(DistributedGroup group)
    {
        group.Barrier();
        if (group.Rank == 0)
        {
            Thread.Sleep(1500);
            MlxArray x = Mx.Ones(600, 600);
            for (int i = 0; i < 60; i++)
            {
                x = Mx.MatMul(x, x) / 600;
            }

            x.Eval();
            Console.WriteLine(x[0, 0].Item<float>());
        }
    }

    private static void Expect(MlxArray actual, float[] expected) =>
        Assert.That(actual.AsType(DType.Float32).ToArray<float>(), Is.EqualTo(expected));

    private static void Near(MlxArray actual, MlxArray expected)
    {
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()));
        float scale = Mx.Abs(expected).Max().Item<float>();
        Assert.That(actual.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5 * scale));
    }

    private static void Refused<TException>(Action call)
        where TException : Exception => Assert.That(() => call(), Throws.InstanceOf<TException>());

    /// <summary>Ranks must end when the test host dies.</summary>
    private static void EndWithParent()
    {
        var thread = new Thread(() =>
        {
            while (Console.In.Peek() >= 0)
            {
                _ = Console.In.Read();
            }

            Environment.Exit(4);
        })
        {
            IsBackground = true,
        };
        thread.Start();
    }
}
