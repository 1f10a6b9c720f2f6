using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Transforms;

/// <summary>A model or an optimizer that received arrays of a function under a transform remains usable.</summary>
[TestFixture]
internal sealed partial class TracedStateTests
{
    private static MlxArray Input => MlxArray.Create([1f, -2f]).Reshape(1, 2);

    private static readonly string[] Transforms = ["grad", "valueandgrad", "grad of grad", "vjp", "jvp", "checkpoint",
        "compile", "compile of grad"];

    /// <summary>Stores its argument in a model and uses the model, under every transform.</summary>
    private static void Run(string transform, Func<Tree, MlxArray> function, TreeDictionary parameters)
    {
        MlxArray[] leaves = [.. parameters.Leaves];
        MlxArray[] ones = [.. leaves.Select(leaf => Mx.OnesLike(leaf))];
        Tree Rebuilt(MlxArray[] arrays)
        {
            int next = 0;
            return parameters.Map(_ => arrays[next++]);
        }

        switch (transform)
        {
            case "grad":
                Mx.Eval(Mx.Grad((Tree tree) => function(tree))(parameters));
                break;
            case "valueandgrad":
                Mx.Eval(Mx.ValueAndGrad((Tree tree) => function(tree))(parameters).Gradients);
                break;
            case "grad of grad":
                Func<MlxArray[], MlxArray> inner = arrays => function(Rebuilt(arrays));
                Mx.Eval(Mx.Grad((MlxArray[] arrays) => Mx.Sum(Mx.Grad(inner)(arrays)[0]))(leaves));
                break;
            case "vjp":
                Mx.Eval(Mx.Vjp(arrays => [function(Rebuilt(arrays))], leaves, [MlxArray.Scalar(1f)]).Vjps);
                break;
            case "jvp":
                Mx.Eval(Mx.Jvp(arrays => [function(Rebuilt(arrays))], leaves, ones).Jvps);
                break;
            case "checkpoint":
                Mx.Eval(Mx.Grad((MlxArray[] arrays) => Mx.Checkpoint((MlxArray[] a) => [function(Rebuilt(a))])(arrays)[0])(leaves));
                break;
            case "vmap":
                RunVectorized(arrays => [function(Rebuilt(arrays))], leaves);
                break;
            case "compile":
                Mx.Eval(Mx.Compile((Tree tree) => function(tree))(parameters));
                break;
            case "compile of grad":
                Mx.Eval(Mx.Compile((Tree tree) => Mx.Grad((Tree t) => function(t))(tree))(parameters));
                break;
        }
    }

    [RequiresMlx]
    private static void RunVectorized(Func<MlxArray[], MlxArray[]> function, MlxArray[] leaves) =>
        Mx.Eval(Mx.Vmap(function)([.. leaves.Select(leaf => Mx.Stack([leaf, leaf], 0))]));

    [Test]
    public void AModelThatWasUpdatedInsideCanBeUsedAgain([ValueSource(nameof(Transforms))] string transform)
    {
        Linear model = new(2, 3);
        TreeDictionary parameters = model.Parameters().Map(array => array + 1);
        Run(
            transform,
            tree =>
            {
                model.Update(tree);
                return Mx.Sum(Mx.Square(model.Forward(Input)));
            },
            parameters);
        CheckUse(model, parameters);
    }

    [Test]
    public void AModelThatAFunctionModifiedCanBeUsedAgain([ValueSource(nameof(Transforms))] string transform)
    {
        Plain model = new();
        TreeDictionary parameters = model.Parameters().Map(array => array + 1);
        Run(
            transform,
            tree =>
            {
                model.Weight = tree["weight"].Array;
                return Mx.Sum(Mx.Square(model.Forward(Input)));
            },
            parameters);
        if (transform.StartsWith("vmap", StringComparison.Ordinal))
        {
            // The array never had a value, but an array that fits can replace it.
            model.Update(parameters);
        }

        CheckUse(model, parameters);
    }

    private static void CheckUse<T>(T model, TreeDictionary parameters)
        where T : Module, IUnaryModule
    {
        string folder = Directory.CreateTempSubdirectory("dotmlx-").FullName;
        try
        {
            Mx.Eval(model.Parameters());
            Assert.That(Mx.Sum(model.Forward(Input)).Item<float>(), Is.Not.NaN);
            var step = model.ValueAndGrad(() => Mx.Sum(Mx.Square(model.Forward(Input))));
            Adam optimizer = new(0.1f);
            optimizer.Update(model, step().Gradients);
            Mx.Eval(model.Parameters(), optimizer.State);
            string file = Path.Combine(folder, "w.safetensors");
            model.SaveWeights(file);
            model.Update(parameters);
            Assert.That(model.Parameters().Leaves.Select(leaf => leaf.ToArray<float>()),
                Is.EqualTo(parameters.Leaves.Select(leaf => leaf.ToArray<float>())));
            model.LoadWeights(file);
            model.RestoreState(model.CaptureState());
            Mx.Eval(step().Gradients);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCase("grad")]
    [TestCase("vjp")]
    [TestCase("jvp")]
    [TestCase("checkpoint")]
    [TestCase("compile")]
    public void AnOptimizerWhoseStateWasSetInsideCanBeUsedAgain(string transform)
    {
        Linear model = new(2, 3);
        Adam optimizer = new(0.1f);
        optimizer.Init(model.TrainableParameters());
        TreeDictionary state = optimizer.State.Copy();
        TreeDictionary moments = new() { ["weight"] = state["weight"], ["bias"] = state["bias"] };
        Run(
            transform,
            tree =>
            {
                optimizer.State = new TreeDictionary((TreeDictionary)tree)
                    { ["step"] = state["step"], ["learning_rate"] = state["learning_rate"] };
                return Mx.Sum(optimizer.State["weight"]["m"].Array);
            },
            moments);
        Mx.Eval(optimizer.State);
        var step = model.ValueAndGrad(() => Mx.Sum(Mx.Square(model.Forward(Input))));
        optimizer.Update(model, step().Gradients);
        Mx.Eval(model.Parameters(), optimizer.State);
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
    }

    [Test]
    public void TheValuesThatAGradientPutIntoAModelStayAsInPython()
    {
        Linear model = new(2, 3);
        TreeDictionary parameters = model.Parameters().Map(array => array + 1);
        Mx.Grad((Tree tree) =>
        {
            model.Update(tree);
            return Mx.Sum(model.Forward(Input));
        })(parameters);
        Assert.That(model.Weight, Is.SameAs(parameters["weight"].Array));
    }

    [Test]
    public void AFunctionWithoutValuesLeavesTheModelAsItWas([Values("compile")] string transform) => CheckUnchanged(transform);

    [Test]
    [RequiresMlx]
    public void AVectorizedFunctionLeavesTheModelAsItWas()
    {
        CheckUnchanged("vmap");
        AModelThatWasUpdatedInsideCanBeUsedAgain("vmap");
        AModelThatAFunctionModifiedCanBeUsedAgain("vmap");
    }

    private static void CheckUnchanged(string transform)
    {
        Linear model = new(2, 3);
        MlxArray weight = model.Weight;
        Run(
            transform,
            tree =>
            {
                model.Update(tree);
                return Mx.Sum(model.Forward(Input));
            },
            model.Parameters().Map(array => array + 1));
        Assert.That(model.Weight, Is.SameAs(weight));
    }

    [Test]
    [RequiresMlx]
    public void AnArgumentWithoutAValueSaysSo()
    {
        MlxArray? kept = null;
        Mx.Vmap((MlxArray x) =>
        {
            kept = x;
            return x * 2;
        })(Mx.Ones(4, 3));
        Assert.That(kept!.Shape.ToArray(), Is.EqualTo(new[] { 3 }));
        Assert.That(kept.DType, Is.EqualTo(DType.Float32));
        Assert.That(() => kept + 1, Throws.InvalidOperationException.With.Message.Contains("(3)").And.Message.Contains("no value"));
    }

    [Test]
    public void KeepingTheArgumentOfTheLastStepMakesNoChain()
    {
        Plain model = new();
        for (int i = 0; i < 20_000; i++)
        {
            Mx.Grad((MlxArray weight) =>
            {
                model.Weight = weight;
                return Mx.Sum(weight);
            })(model.Weight).Dispose();
        }

        Assert.That(model.Weight.ToArray<float>(), Is.All.EqualTo(1f));
    }

    internal sealed partial class Plain : Module
    {
        public MlxArray Weight { get; set; } = Mx.Ones(3, 2);

        public MlxArray Forward(MlxArray x) => Mx.MatMul(x, Mx.Transpose(Weight));
    }
}
