namespace DotMlx.Tests.Transforms;

/// <summary>The arguments and results of functions under a transform, in compiled functions and as auxiliary outputs.</summary>
public class StructureTests
{
    private static IEnumerable<TestCaseData> Kinds()
    {
        yield return Kind(x => x + 1);
        yield return Kind(x => new[] { x, x + 1 });
        yield return Kind(x => new List<MlxArray> { x * 2, x, x + 1 });
        yield return Kind(x => new Dictionary<string, MlxArray> { ["b"] = x + 1, ["a"] = x });
        yield return Kind(x => (Tree)new TreeDictionary { ["b"] = new TreeList { x + 1, new TreeDictionary() }, ["a"] = x });
        yield return Kind(x => (x, x + 1));
        yield return Kind(x => (x, new[] { x * 2, x + 1 }));
        yield return Kind(x => (new[] { x * 2, x + 1 }, x));
        yield return Kind(x => (new[] { x * 2 }, new[] { x + 1, x }));
        yield return Kind(x => (x, (Tree)new TreeList { x * 2 }));
        yield return Kind(x => ((Tree)new TreeList { x * 2 }, x));
        yield return Kind(x => ((Tree)new TreeList { x * 2 }, (Tree)new TreeDictionary { ["a"] = x }));
        yield return Kind(x => (x, x + 1, x * 2));
        yield return Kind(x => (x, x + 1, (Tree)new TreeList { x * 2 }));
        yield return Kind(x => (x, (Tree)new TreeList { x * 2 }, (Tree)new TreeDictionary { ["a"] = x }));
        yield return Kind(x => (x, x + 1, x * 2, x * 3));

        static TestCaseData Kind<T>(Func<MlxArray, T> function) =>
            new TestCaseData(new Check<T>(function)).SetArgDisplayNames(Name(typeof(T)));

        static string Name(Type type) => !type.IsGenericType
            ? type.Name
            : $"{type.Name[..^2]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }

    [TestCaseSource(nameof(Kinds))]
    public void CompiledFunctionsReturnIt(ICheck check) => check.Compiled();

    [TestCaseSource(nameof(Kinds))]
    public void AuxiliaryOutputIsReturnedWithTheLoss(ICheck check) => check.Auxiliary();

    [Test]
    public void OtherTuplesAreRefusedByName()
    {
        using MlxArray x = MlxArray.Scalar(2f);
        Func<MlxArray, (MlxArray, int)> compiled = Mx.Compile((MlxArray a) => (a, 1));
        Assert.That(() => compiled(x),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("Int32").And.Message.Contains("Use a pair of arrays"));
        Assert.That(
            () => Mx.ValueAndGrad((MlxArray a) => (a * a, (a, a, a, a, a)))(x),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("ValueTuple"));

        // Structures without arrays are passed through.
        Assert.That(Mx.ValueAndGrad((MlxArray a) => (a * a, (1, "two")))(x).Auxiliary, Is.EqualTo((1, "two")));
    }

    public interface ICheck
    {
        void Compiled();

        void Auxiliary();
    }

    private sealed class Check<T>(Func<MlxArray, T> function) : ICheck
    {
        public void Compiled()
        {
            Func<MlxArray, T> compiled = Mx.Compile(function);
            foreach (float number in (float[])[2, 5])
            {
                // The first call traces the graph, and the second one finds it.
                using MlxArray x = MlxArray.Scalar(number);
                Assert.That(Numbers(compiled(x)), Is.EqualTo(Numbers(function(x))));
            }
        }

        public void Auxiliary()
        {
            using MlxArray x = MlxArray.Scalar(3f);
            (MlxArray value, T beside, MlxArray gradient) = Mx.ValueAndGrad((MlxArray a) => (a * a, function(a)))(x);
            Assert.That((value.Item<float>(), gradient.Item<float>()), Is.EqualTo((9f, 6f)));
            Assert.That(Numbers(beside), Is.EqualTo(Numbers(function(x))));
        }

        // The order of a reader, with the keys of dictionaries.
        private static List<object> Numbers(object? value) => value switch
        {
            MlxArray array => [array.Item<float>()],
            Dictionary<string, MlxArray> named => [.. named.SelectMany(item => (object[])[item.Key, .. Numbers(item.Value)])],
            IEnumerable<MlxArray> several => [.. several.SelectMany(Numbers)],
            TreeLeaf leaf => Numbers(leaf.Array),
            TreeList list => ["[", .. list.SelectMany(Numbers), "]"],
            TreeDictionary tree => ["{", .. tree.SelectMany(item => (object[])[item.Key, .. Numbers(item.Value)]), "}"],
            System.Runtime.CompilerServices.ITuple tuple => [.. Enumerable.Range(0, tuple.Length).SelectMany(i => Numbers(tuple[i]))],
            _ => throw new NotSupportedException($"{value?.GetType()}"),
        };
    }
}
