using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>A module that is the only owner of its arrays frees replaced ones; any other module leaves them to their holders.</summary>
[NonParallelizable]
public partial class OwnedArraysTests
{
    private static MlxArray X => MlxArray.Create(Enumerable.Range(0, 12).Select(i => (float)i).ToArray(), 4, 3);

    [Test]
    public void AnUpdateFreesWhatItReplaces([Values] bool owns)
    {
        using Setup setup = new(owns);
        MlxArray weight = setup.Model.Weight, bias = setup.Model.Bias!;
        setup.Step(X);
        Assert.Multiple(() =>
        {
            Assert.That(weight.IsDisposed, Is.EqualTo(owns));
            Assert.That(bias.IsDisposed, Is.EqualTo(owns));
            Assert.That(setup.Model.Parameters().Leaves.Select(array => array.IsDisposed), Is.All.False);
        });
    }

    [Test]
    public void ACompiledStepFreesWhatItReplaces([Values] bool owns)
    {
        using Setup setup = new(owns);
        using var step = new CompiledStep(setup);
        step.Run(X);
        MlxArray weight = setup.Model.Weight;
        step.Run(X);
        Assert.That(weight.IsDisposed, Is.EqualTo(owns));
        Assert.That(setup.Model.Parameters().Leaves.Select(array => array.IsDisposed), Is.All.False);
    }

    [Test]
    public void TrainingGivesTheSameBits([Values] bool compiled)
    {
        Assert.That(Train(owns: true), Is.EqualTo(Train(owns: false)));

        string Train(bool owns)
        {
            using Setup setup = new(owns);
            using var step = new CompiledStep(setup);
            for (int i = 0; i < 5; i++)
            {
                using MlxScope scope = MlxScope.Begin();
                Mx.Eval(compiled ? step.Run(X) : setup.Step(X), setup.Model.Parameters(), setup.Optimizer.State);
            }

            return Bits(setup.Model.Parameters()) + Bits(setup.Optimizer.State);
        }
    }

    [Test]
    public void NothingIsLeftToTheCollector([Values] bool compiled)
    {
        using Setup setup = new(owns: true);
        using var step = new CompiledStep(setup);
        Once();
        Once();
        HandleCount.Settle();
        long before = LiveArrays.Count;
        for (int i = 0; i < 5; i++)
        {
            Once();
            Assert.That(LiveArrays.Count, Is.EqualTo(before), $"step {i}");
        }

        void Once()
        {
            using MlxScope scope = MlxScope.Begin();
            Mx.Eval(compiled ? step.Run(X) : setup.Step(X), setup.Model.Parameters(), setup.Optimizer.State);
        }
    }

    [Test]
    public void AnArrayThatStillStandsElsewhereStays()
    {
        var model = new Tied { OwnsArrays = true };
        MlxArray shared = model.Left;
        model.Update(new TreeDictionary { ["left"] = Mx.Ones(2) });
        Assert.That(shared.IsDisposed, Is.False);
        Assert.That(model.Right, Is.SameAs(shared));
        model.Update(new TreeDictionary { ["right"] = Mx.Ones(2) });
        Assert.That(shared.IsDisposed, Is.True);
    }

    [Test]
    public void AnUpdateThatFailsFreesNothing()
    {
        using Setup setup = new(owns: true);
        MlxArray weight = setup.Model.Weight;
        Assert.That(
            () => setup.Model.Update(new TreeDictionary { ["weight"] = Mx.Zeros(2, 3), ["bias"] = Mx.Zeros(7) }), Throws.ArgumentException);
        Assert.That(weight.IsDisposed, Is.False);
        Assert.That(setup.Model.Weight, Is.SameAs(weight));
    }

    [Test]
    public void ACompiledStepThatFailsFreesNothing()
    {
        using Setup setup = new(owns: true);
        string before = Bits(setup.Model.Parameters());
        using var step = new CompiledStep(setup) { Fails = true };
        MlxArray weight = setup.Model.Weight;
        Assert.That(() => step.Run(X), Throws.InvalidOperationException);
        Assert.That(weight.IsDisposed, Is.False);
        Assert.That(Bits(setup.Model.Parameters()), Is.EqualTo(before));
        step.Fails = false;
        step.Run(X);
        Assert.That(Bits(setup.Model.Parameters()), Is.Not.EqualTo(before));
    }

    [Test]
    public void ChangingTheTypeFreesTheOldArrays()
    {
        using Setup setup = new(owns: true);
        MlxArray weight = setup.Model.Weight;
        setup.Model.SetDType(DType.Float16);
        Assert.That(weight.IsDisposed, Is.True);
        Assert.That(setup.Model.Weight.DType, Is.EqualTo(DType.Float16));
        Mx.Eval(setup.Model.Forward(X.AsType(DType.Float16)));
    }

    private static string Bits(Tree tree) =>
        string.Join("\n", tree.Flatten().Select(item => item.Key + " " + string.Join(",", item.Value.AsType(DType.Float32).ToArray<float>()
            .Select(BitConverter.SingleToInt32Bits))));

    private partial class Tied : Module
    {
        public Tied() => Right = Left = Mx.Zeros(2);

        public MlxArray Left { get; set; }

        public MlxArray Right { get; set; }
    }

    /// <summary>Creates a layer, an optimizer, and a training step.</summary>
    private sealed class Setup : IDisposable
    {
        private readonly Func<MlxArray, (MlxArray Value, TreeDictionary Gradients)> _lossAndGradients;

        public Setup(bool owns)
        {
            Model = new Linear(Mx.Full([2, 3], 0.5f), Mx.Zeros(2)) { OwnsArrays = owns };
            _lossAndGradients = Model.ValueAndGrad((MlxArray x) => Mx.Mean(Mx.Square(Model.Forward(x) - 1f)));
            Optimizer.Init(Model.TrainableParameters());
            Mx.Eval(Model.Parameters(), Optimizer.State);
        }

        public Linear Model { get; }

        public Adam Optimizer { get; } = new(0.01f);

        public MlxArray Step(MlxArray x)
        {
            (MlxArray loss, TreeDictionary gradients) = _lossAndGradients(x);
            Optimizer.Update(Model, gradients);
            return loss;
        }

        public void Dispose()
        {
            Model.Parameters().DisposeArrays();
            Optimizer.State.DisposeArrays();
        }
    }

    private sealed class CompiledStep : IDisposable
    {
        public CompiledStep(Setup setup) => Run = Mx.Compile(
            (MlxArray x) => Fails ? throw new InvalidOperationException($"on purpose, after {setup.Step(x).NDim}") : setup.Step(x),
            [setup.Model, setup.Optimizer],
            [setup.Model, setup.Optimizer]);

        public bool Fails { get; set; }

        public Func<MlxArray, MlxArray> Run { get; }

        public void Dispose() => ((IDisposable)Run.Target!).Dispose();
    }
}
