using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Trees;

/// <summary>Trees and modules that contain themselves, or have too many levels, cause an exception, never the end of the process.</summary>
[TestFixture]
internal sealed partial class NestingTests
{
    private const int Stack = 512 * 1024;

    private static readonly Dictionary<string, Action<Tree>> TreeActions = new()
    {
        ["Flatten"] = tree => tree.Flatten(),
        ["LeafCount"] = tree => _ = tree.LeafCount,
        ["Copy"] = tree => tree.Copy(),
        ["Map"] = tree => tree.Map(array => array),
        ["MapWithPath"] = tree => tree.MapWithPath((_, array) => array),
        ["ToString"] = tree => _ = tree.ToString(),
        ["Eval"] = tree => Mx.Eval(tree),
        ["StructureEquals"] = tree => Tree.StructureEquals(tree, Cycle()),
        ["Differences"] = tree => Tree.Differences(tree, tree),
        ["Merge"] = tree => Tree.Merge(tree, tree, (left, _) => left),
        ["Save"] = tree => ((TreeDictionary)tree).Save(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())),
        ["Find"] = tree => tree.Find(string.Join('.', Enumerable.Repeat("self", 2_000).Append("missing"))),
        ["Grad"] = tree => Mx.Grad((TreeDictionary parameters) => Mx.Sum(parameters["w"].Array))((TreeDictionary)tree),
        ["Init"] = tree => new Adam(0.1).Init((TreeDictionary)tree),
        ["ApplyGradients"] = tree => new Adam(0.1).ApplyGradients((TreeDictionary)tree, (TreeDictionary)tree),
        ["ApplyGradients of several"] = tree =>
            new MultiOptimizer([new Adam(0.1), new Lion(0.1)], [(_, _) => true]).ApplyGradients((TreeDictionary)tree, (TreeDictionary)tree),
        ["RestoreState"] = tree => new Adam(0.1).RestoreState(tree),
    };

    private static readonly Dictionary<string, Action<Node>> ModuleActions = new()
    {
        ["Parameters"] = node => node.Parameters(),
        ["TrainableParameters"] = node => node.TrainableParameters(),
        ["Modules"] = node => node.NamedModules(),
        ["Freeze"] = node => node.Freeze(),
        ["Eval"] = node => node.Eval(),
        ["SetDType"] = node => node.SetDType(DType.Float16),
        ["ToString"] = node => _ = node.ToString(),
        ["Summary"] = node => node.Summary(),
        ["CaptureState"] = node => node.CaptureState(),
        ["SaveWeights"] = node => node.SaveWeights(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors")),
        ["ValueAndGrad"] = node => node.ValueAndGrad((MlxArray x) => Mx.Sum(x * node.W))(Mx.Ones(1)),
    };

    private static IEnumerable<string> NamesOfTreeActions => TreeActions.Keys;

    private static IEnumerable<string> NamesOfModuleActions => ModuleActions.Keys;

    [TestCaseSource(nameof(NamesOfTreeActions))]
    public void ATreeThatContainsItselfIsRefused(string action)
    {
        Exception? error = OnSmallStack(() => TreeActions[action](Cycle()));
        Assert.That(error, Is.Not.Null, "a cycle has no end");
        Assert.That(error!.Message, Does.Contain("contains itself"));
    }

    [TestCaseSource(nameof(NamesOfModuleActions))]
    public void AModuleThatContainsItselfIsRefused(string action)
    {
        Node node = new();
        node.Child = new Node { Child = node };
        Exception? error = OnSmallStack(() => ModuleActions[action](node));
        Assert.That(error, Is.Not.Null, "a cycle has no end");
        Assert.That(error!.Message, Does.Contain("contains itself"));
    }

    [Test]
    public void TooManyLevelsAreRefused()
    {
        Tree tree = Mx.Ones(1);
        Node node = new();
        for (int i = 0; i < 1_001; i++)
        {
            tree = new TreeList { tree };
            node = new Node { Child = node };
        }

        Assert.That(OnSmallStack(() => tree.Flatten())?.Message, Does.Contain("too many levels"));
        Assert.That(OnSmallStack(() => Mx.Eval(tree))?.Message, Does.Contain("too many levels"));
        Assert.That(OnSmallStack(() => node.Parameters())?.Message, Does.Contain("too many levels"));
    }

    [Test]
    public void ARuleThatStoresItsStateInItselfChangesNothing()
    {
        SelfReference optimizer = new();
        TreeDictionary parameters = new() { ["w"] = Mx.Ones(2) };
        Assert.That(
            OnSmallStack(() => optimizer.ApplyGradients(parameters, parameters)), Is.InstanceOf<InvalidOperationException>());
        Assert.That(optimizer.Step.Item<ulong>(), Is.Zero);
        Assert.That(optimizer.State.Keys, Has.None.EqualTo("w"));
    }

    private static TreeDictionary Cycle()
    {
        TreeDictionary tree = new() { ["w"] = Mx.Ones(1) };
        tree["list"] = new TreeList { tree };
        tree["self"] = tree;
        return tree;
    }

    private static Exception? OnSmallStack(Action action)
    {
        Exception? error = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    error = exception;
                }
            },
            Stack);
        thread.Start();
        thread.Join();
        return error;
    }

    private sealed partial class Node : Module
    {
        public MlxArray W { get; set; } = Mx.Ones(1);

        public Node? Child { get; set; }
    }

    private sealed class SelfReference : Optimizer
    {
        protected override void InitSingle(MlxArray parameter, TreeDictionary state) => state["m"] = Mx.ZerosLike(parameter);

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            state["m"] = state;
            return parameter - gradient;
        }
    }
}
