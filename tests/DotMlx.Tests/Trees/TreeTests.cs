using System.Text.Json;

namespace DotMlx.Tests.Trees;

[TestFixture]
internal sealed class TreeTests
{
    private static MlxArray A(params float[] values) => MlxArray.Create(values);

    private static TreeDictionary Model() => new()
    {
        ["layers"] = new TreeList
        {
            new TreeDictionary { ["weight"] = A(1, 2), ["bias"] = A(3) },
            new TreeDictionary(),
            new TreeDictionary { ["weight"] = A(4) },
        },
        ["scale"] = A(5),
    };

    private static readonly JsonElement Figures = Golden.Load("trees.json");

    private static string Text(Tree tree) =>
        string.Join("; ", tree.Flatten()
            .Select(item => $"{item.Key}={item.Value.DType.MlxName()}{string.Join(",", Golden.ToDoubles(item.Value))}"));

    [Test]
    public void FlattenListsWhatPythonLists()
    {
        Tree tree = Golden.Tree(Figures.GetProperty("tree"));
        string[] expected = [.. Figures.GetProperty("flatten").EnumerateArray().Select(pair => pair[0].GetString()!)];
        IReadOnlyList<KeyValuePair<string, MlxArray>> items = tree.Flatten();
        Assert.That(items.Select(item => item.Key), Is.EqualTo(expected));
        for (int i = 0; i < items.Count; i++)
        {
            Golden.AssertClose(items[i].Value, Figures.GetProperty("flatten")[i][1], 0, items[i].Key);
        }

        Assert.That(Tree.StructureEquals(Tree.Unflatten(items), tree));
    }

    [Test]
    public void MapAndReduceGiveWhatPythonGives()
    {
        Tree tree = Golden.Tree(Figures.GetProperty("tree"));
        Assert.That(Text(Tree.Map(leaf => leaf * 2, tree)), Is.EqualTo(Text(Golden.Tree(Figures.GetProperty("double")))));
        Assert.That(Tree.Reduce((sum, leaf) => sum + leaf.Size, tree, 0L), Is.EqualTo(Figures.GetProperty("sum_of_sizes").GetInt64()));
    }

    [Test]
    public void MergeGivesWhatPythonGives()
    {
        JsonElement merge = Figures.GetProperty("merge");
        Tree merged = Tree.Merge(Golden.Tree(merge.GetProperty("left")), Golden.Tree(merge.GetProperty("right")));

        // Python's order is the order of a set.
        Tree expected = Golden.Tree(merge.GetProperty("out"));
        Assert.That(Tree.StructureEquals(merged, expected));
        Assert.That(Text(merged).Split("; "), Is.EquivalentTo(Text(expected).Split("; ")));
    }

    [Test]
    public void NodesSupportPatternMatching()
    {
        static string Kind(Tree tree) => tree switch
        {
            TreeLeaf(var array) => $"leaf {array.Size}",
            TreeList list => $"list {list.Count}",
            TreeDictionary dictionary => $"dictionary {dictionary.Count}",
            _ => "?",
        };

        TreeDictionary model = Model();
        Assert.That(Kind(model), Is.EqualTo("dictionary 2"));
        Assert.That(Kind(model["layers"]), Is.EqualTo("list 3"));
        Assert.That(Kind(model["layers"][0]["weight"]), Is.EqualTo("leaf 2"));
    }

    [Test]
    public void LeavesWorkWithLinq() =>
        Assert.That(Model().Leaves.Where(leaf => leaf.Size == 1).Sum(leaf => leaf.Item<float>()), Is.EqualTo(12f));

    [Test]
    public void ACollectionExpressionMakesAList()
    {
        TreeList list = [A(1), new TreeDictionary { ["b"] = A(2) }];
        Assert.That(list.LeafCount, Is.EqualTo(2));
    }

    [Test]
    public void ErrorsNameThePath()
    {
        TreeDictionary model = Model();
        Assert.That(() => model["layers"][0].Array, Throws.InvalidOperationException.With.Message
            .EqualTo("'layers.0' is a dictionary with the keys 'weight', 'bias', not an array."));
        Assert.That(() => model["layers"]["x"], Throws.InvalidOperationException.With.Message.Contains("'layers' is a list of 3"));
        Assert.That(() => model["layers"][2]["bias"],
            Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("'layers.2'").And.Message.Contains("'bias'"));
        Assert.That(() => model["layers"][7], Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("'layers'"));
        Assert.That(() => model.Find("layers.0.weights"),
            Throws.InstanceOf<KeyNotFoundException>().With.Message.Contains("layers.0.weights").And.Message.Contains("'layers.0'"));
        Assert.That(() => model["none"] = null!, Throws.ArgumentNullException.With.Message.Contains("'none'"));
        Assert.That(
            () => Tree.Map((a, b) => a + b, model,
                new TreeDictionary { ["layers"] = new TreeList { new TreeDictionary { ["weight"] = A(1) } } }),
            Throws.ArgumentException.With.Message.Contains("'layers.0.bias'"));
        Assert.That(
            () => Tree.Map((a, b) => a + b, model, new TreeDictionary { ["layers"] = A(1) }),
            Throws.ArgumentException.With.Message.Contains("'layers.0'").And.Message.Contains("an array"));
        Assert.That(
            () => Tree.MapWithPath((_, a, _) => a, model, new TreeDictionary { ["layers"] = model["layers"], ["scale"] = new TreeList() }),
            Throws.ArgumentException.With.Message.Contains("'scale'"));
    }

    [Test]
    public void FindFollowsDottedPaths()
    {
        TreeDictionary model = Model();
        Assert.That(model.Find("layers.2.weight").Array.Item<float>(), Is.EqualTo(4f));
        Assert.That(model.TryFind("layers.1.weight", out _), Is.False);
        Assert.That(model.Find(""), Is.SameAs(model));
    }

    [Test]
    public void SecondTreesMayHaveMore()
    {
        TreeDictionary part = new() { ["layers"] = new TreeList { new TreeDictionary { ["bias"] = A(10) } } };
        Assert.That(Text(Tree.Map((a, b) => a + b, part, Model())), Is.EqualTo("layers.0.bias=float3213"));
        Assert.That(Text(Tree.Map((a, b, c) => a + b + c, part, Model(), Model())), Is.EqualTo("layers.0.bias=float3216"));
    }

    [Test]
    public void MapWithPathGivesDottedPaths()
    {
        List<string> paths = [];
        Tree.MapWithPath(
            (path, leaf) =>
            {
                paths.Add(path);
                return leaf;
            },
            Model());
        Assert.That(paths, Is.EqualTo(new[] { "layers.0.weight", "layers.0.bias", "layers.2.weight", "scale" }));
    }

    [Test]
    public void UnflattenKnowsListsFromDictionaries()
    {
        static Tree From(params string[] paths) => Tree.Unflatten(paths.Select(path => KeyValuePair.Create(path, A(1))));

        Assert.That(From("0", "2"), Is.InstanceOf<TreeList>().With.Property("Count").EqualTo(3));
        Assert.That(From("1", "0"), Is.InstanceOf<TreeList>());
        Assert.That(From("1", "x"), Is.InstanceOf<TreeDictionary>());
        Assert.That(From("01", "1"), Is.InstanceOf<TreeDictionary>(), "colliding numbers");
        Assert.That(From("-1"), Is.InstanceOf<TreeDictionary>());
        Assert.That(From("999999999"), Is.InstanceOf<TreeDictionary>(), "no list of a billion holes");
        Assert.That(From(""), Is.InstanceOf<TreeLeaf>());
        Assert.That(From(), Is.InstanceOf<TreeList>().With.Property("Count").EqualTo(0));
        Assert.That(From("a", "a.b")["a"], Is.InstanceOf<TreeDictionary>());
        Assert.That(() => From("a", "a"), Throws.ArgumentException.With.Message.Contains("'a'"));
    }

    [Test]
    public void FlattenTakesAPrefix()
    {
        Assert.That(Model().Flatten("model")[0].Key, Is.EqualTo("model.layers.0.weight"));
        Tree leaf = A(1);
        Assert.That(leaf.Flatten("x")[0].Key, Is.EqualTo("x"));
    }

    [Test]
    public void MergeRefusesWhatDoesNotFit()
    {
        Assert.That(() => Tree.Merge(Model(), Model()), Throws.ArgumentException.With.Message.Contains("'layers.0.weight'"));
        Assert.That(() => Tree.Merge(new TreeList(), new TreeDictionary()), Throws.ArgumentException);
        Assert.That(() => Tree.Merge(new TreeDictionary { ["a"] = A(1) }, new TreeDictionary { ["a"] = new TreeList { A(1) } }),
            Throws.ArgumentException.With.Message.Contains("'a'"));
        Assert.That(Tree.Merge(new TreeList(), new TreeList()), Is.InstanceOf<TreeList>());
        Assert.That(Text(Tree.Merge(Model(), Model(), (a, b) => a + b)), Does.StartWith("layers.0.weight=float322,4"));
    }

    [Test]
    public void MergeHasContainersOfItsOwn()
    {
        TreeDictionary left = new() { ["a"] = new TreeDictionary { ["x"] = A(1) } };
        Tree merged = Tree.Merge(left, new TreeDictionary());
        merged["a"]["y"] = A(2);
        Assert.That(left["a"].LeafCount, Is.EqualTo(1));
    }

    [Test]
    public void StructureIsComparedWithoutValues()
    {
        Assert.That(Tree.StructureEquals(Model(), Tree.Map(leaf => leaf * 0, Model())));
        Assert.That(Tree.StructureEquals(Model(), new TreeDictionary()), Is.False);
        TreeDictionary other = Model();
        other.Remove("scale");
        other["layers"][0]["weight"] = A(1, 2, 3);
        other["extra"] = A(1);
        Assert.That(
            Tree.Differences(Model(), other),
            Is.EqualTo(new[]
            {
                "'layers.0.weight' is float32 [3], expected float32 [2]",
                "'scale' is missing, expected float32 [1]",
                "'extra' is not expected, but there is float32 [1]",
            }));
    }

    [Test]
    public void PrintingGivesAnOutline() => Assert.That(
        Model().ToString(),
        Is.EqualTo(
            """
            layers
              [0]
                weight: float32 [2]
                bias: float32 [1]
              [1]: {}
              [2]
                weight: float32 [1]
            scale: float32 [1]
            """.ReplaceLineEndings("\n")));

    [Test]
    public void DictionariesKeepTheOrderAndTheMannersOfCollections()
    {
        TreeDictionary dictionary = new() { ["b"] = A(1), ["a"] = A(2) };
        dictionary["b"] = A(3);
        Assert.That(dictionary.Keys, Is.EqualTo(new[] { "b", "a" }));
        Assert.That(() => dictionary.Add("a", A(1)), Throws.ArgumentException);
        Assert.That(dictionary.TryGetValue("a", out Tree? value) && value.Array.Item<float>() == 2);
        Assert.That(dictionary.Remove("b"));
        Assert.That(dictionary, Has.Count.EqualTo(1));
        foreach ((string key, Tree node) in dictionary)
        {
            Assert.That((key, node.Array.Item<float>()), Is.EqualTo(("a", 2f)));
        }
    }

    [Test]
    public void EvalTakesTreesAndArraysTogether()
    {
        using MlxArray x = A(1) + 1;
        Mx.Eval(x, Model());
        Mx.EvalAsync(Model(), Model()).GetAwaiter().GetResult();
        Assert.That(x.Item<float>(), Is.EqualTo(2f));
    }

    [Test]
    public void MappingAllocatesNoMoreThanTheResult()
    {
        using MlxArray leaf = A(1);
        static Tree Build(MlxArray leaf)
        {
            TreeDictionary tree = new(100);
            for (int i = 0; i < 100; i++)
            {
                TreeList list = new(100);
                for (int j = 0; j < 100; j++)
                {
                    list.Add(new TreeLeaf(leaf));
                }

                tree.Add(i.ToString("D3", System.Globalization.CultureInfo.InvariantCulture), list);
            }

            return tree;
        }

        Func<MlxArray, MlxArray> same = static array => array;
        Tree tree = Build(leaf);
        string[] keys = [.. ((TreeDictionary)tree).Keys];
        Tree.Map(same, tree);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Build(leaf);
        long result = GC.GetAllocatedBytesForCurrentThread() - before - (100 * 32);
        before = GC.GetAllocatedBytesForCurrentThread();
        Tree.Map(same, tree);
        long mapped = GC.GetAllocatedBytesForCurrentThread() - before;
        // The optimizing compiler may add a few bytes to the result, but an allocation per list would add hundreds.
        Assert.That(mapped, Is.LessThan(result + (keys.Length * 8)), $"{keys.Length} lists of 100 leaves");
    }
}
