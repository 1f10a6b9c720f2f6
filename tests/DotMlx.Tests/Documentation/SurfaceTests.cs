using System.Numerics;
using System.Reflection;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Documentation;

/// <summary>The public members follow one form, and their types let the compiler find mistakes.</summary>
public class SurfaceTests
{
    private static readonly Type[] Types = typeof(Mx).Assembly.GetExportedTypes();

    private static IEnumerable<MethodBase> Methods => Types.SelectMany(type => type
        .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).OfType<MethodBase>());

    [Test]
    public void OptimizersTakeDictionariesOnly()
    {
        foreach (string name in (string[])[nameof(OptimizerBase.ApplyGradients), nameof(OptimizerBase.Init), nameof(OptimizerBase.Update)])
        {
            MethodInfo method = typeof(OptimizerBase).GetMethods().Single(method => method.Name == name);
            Type[] trees = [.. method.GetParameters().Select(parameter => parameter.ParameterType)
                .Where(type => type != typeof(DotMlx.NN.Module))];
            Assert.That(trees, Is.Not.Empty.And.All.EqualTo(typeof(TreeDictionary)), name);
        }
    }

    [Test]
    public void ThereIsOneWayToEvaluateInTheBackground()
    {
        MethodInfo[] methods = [.. typeof(Mx).GetMethods().Where(method => method.Name is "AsyncEval" or "EvalAsync")];
        Assert.That(methods.Select(method => (method.Name, method.ReturnType)), Is.All.EqualTo((nameof(Mx.EvalAsync), typeof(Task))));
        ParameterInfo[] first = [.. methods.Select(method => method.GetParameters()[0])];
        Assert.That(first.Any(parameter => parameter.ParameterType == typeof(ReadOnlySpan<MlxArray>)
            && parameter.IsDefined(typeof(System.Runtime.CompilerServices.ParamCollectionAttribute))));
    }

    [TestCase("side")]
    [TestCase("uplo")]
    [TestCase("indexing")]
    public void ChoicesAreEnumerations(string parameter) => Assert.That(
        Methods.Where(method => method.GetParameters().Any(p => p.Name == parameter && p.ParameterType == typeof(string)))
            .Select(method => method.Name), Is.Empty);

    [Test]
    public void EachNameHasOneSpelling()
    {
        string[] names = [.. Types.Select(type => type.Name), .. Methods.Select(method => method.Name)];
        Assert.That(names, Has.None.EqualTo("Hardswish").And.None.EqualTo("RmsNorm").And.None.EqualTo("Hardtanh").And.None
            .EqualTo("AsyncEval"));
        Assert.That(typeof(DotMlx.NN.GRU).GetProperty("B"), Is.Null);
        Assert.That(typeof(DotMlx.NN.GRU).GetProperty(nameof(DotMlx.NN.LSTM.Bias)), Is.Not.Null);
        string[] memory = [.. typeof(Mx).GetProperties().Select(property => property.Name)
            .Where(name => name.Contains("Memory", StringComparison.Ordinal))];
        Assert.That(memory, Is.Empty, "Functions, as Python has them.");
    }

    [Test]
    public void ValueAndGradHasFewOverloads()
    {
        Assert.That(Methods.Count(method => method.Name == nameof(Mx.ValueAndGrad)), Is.LessThanOrEqualTo(24));
        foreach (MethodBase method in Methods.Where(method => method is { Name: nameof(Mx.ValueAndGrad) }))
        {
            string?[] elements = ((MethodInfo)method).ReturnParameter
                .GetCustomAttribute<System.Runtime.CompilerServices.TupleElementNamesAttribute>()?.TransformNames.ToArray() ?? [];
            Assert.That(elements, Has.None.EqualTo("Gradient").And.None.EqualTo("Grads"), method.ToString());
        }
    }

    [Test]
    public void TreesAreTheCollectionsOfDotNet()
    {
        TreeDictionary tree = new() { ["a"] = Mx.Ones(2), ["b"] = new TreeList { Mx.Zeros(3) } };
        IReadOnlyDictionary<string, Tree> dictionary = tree;
        IReadOnlyList<Tree> list = (TreeList)tree["b"];
        Assert.That(dictionary.Keys, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(list, Has.Count.EqualTo(1));
        Assert.That(((MlxArray)tree["a"]).Size, Is.EqualTo(2));
        Assert.That(() => (MlxArray)tree["b"], Throws.InstanceOf<InvalidCastException>().Or.InstanceOf<InvalidOperationException>());
        Assert.That(tree.Map(leaf => leaf + 1).Leaves.Select(leaf => leaf.ToArray<float>()[0]), Is.EqualTo(new[] { 2f, 1f }));
    }

    [Test]
    public void ArraysAreNumbersToGenericCode()
    {
        Assert.That(Polynomial(MlxArray.Create([1f, 2f]), MlxArray.Create([3f, 4f])).ToArray<float>(), Is.EqualTo(new[] { 4f, 10f }));
        Assert.That((MlxArray.Create([1f, 2f]) * 2.0f).ToArray<float>(), Is.EqualTo(new[] { 2f, 4f }));
        Assert.That(
            typeof(MlxArray).GetMethods().Where(method => method.Name == "op_Multiply")
                .Select(method => method.GetParameters()[1].ParameterType),
            Does.Contain(typeof(float)).And.Contain(typeof(double)).And.Contain(typeof(int)), "F# needs real overloads.");

        static T Polynomial<T>(T a, T b)
            where T : IAdditionOperators<T, T, T>, IMultiplyOperators<T, T, T> => a + (a * b);
    }

    [Test]
    public void BFloat16IsFormatted()
    {
        BFloat16 value = (BFloat16)1.5f;
        Assert.That(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value:F2}"), Is.EqualTo("1.50"));
    }
}
