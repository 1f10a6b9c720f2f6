using CsCheck;

namespace DotMlx.Tests.Trees;

/// <summary>Properties of random trees, whose leaves are identified by their only element.</summary>
[TestFixture]
internal sealed class TreePropertyTests
{
    private static readonly string[] Names = ["a", "b", "c", "weight", "bias", "k1", "x_y"];

    private static readonly Gen<string> Key = Gen.Int[0, Names.Length - 1].Select(i => Names[i]);

    private static readonly Gen<Tree> Leaf = Gen.Int[0, 1000].Select(value => (Tree)MlxArray.Scalar(value));

    /// <summary>Trees without empty containers, which disappear when a tree is flattened.</summary>
    private static Gen<Tree> Full(int depth) => depth == 0
        ? Leaf
        : Gen.Frequency(
            (2, Leaf),
            (3, Full(depth - 1).List[1, 4].Select(items => (Tree)new TreeList(items))),
            (3, Dictionary(depth - 1)));

    private static Gen<Tree> Dictionary(int depth) =>
        Gen.Select(Key, Full(depth)).List[1, 4].Select(pairs =>
        {
            TreeDictionary dictionary = new();
            foreach ((string key, Tree value) in pairs)
            {
                dictionary[key] = value;
            }

            return (Tree)dictionary;
        });

    /// <summary>Removes the leaves that <paramref name="keep"/> rejects; list positions don't change.</summary>
    private static Tree Part(Tree tree, Func<int, bool> keep, ref int index)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                TreeDictionary entries = new();
                foreach ((string key, Tree value) in dictionary)
                {
                    Tree part = Part(value, keep, ref index);
                    if (part.LeafCount > 0)
                    {
                        entries[key] = part;
                    }
                }

                return entries;
            case TreeList list:
                TreeList items = new();
                foreach (Tree value in list)
                {
                    items.Add(Part(value, keep, ref index));
                }

                return items.LeafCount > 0 ? items : new TreeDictionary();
            default:
                return keep(index++) ? tree : new TreeDictionary();
        }
    }

    private static bool Same(Tree left, Tree right)
    {
        if (!Tree.StructureEquals(left, right))
        {
            return false;
        }

        Dictionary<string, MlxArray> other = new(right.Flatten());
        return left.Flatten().All(item => ReferenceEquals(item.Value, other[item.Key]));
    }

    [Test]
    public void UnflattenUndoesFlatten() => Full(4).Sample(tree => Same(Tree.Unflatten(tree.Flatten()), tree), iter: 300, threads: 1);

    [Test]
    public void UnflattenDoesNotDependOnTheOrder() => Gen.Select(Full(4), Gen.Int).Sample(
        (tree, seed) =>
        {
            KeyValuePair<string, MlxArray>[] items = [.. tree.Flatten()];
            new Random(seed).Shuffle(items);
            return Same(Tree.Unflatten(items), tree);
        },
        iter: 200,
        threads: 1);

    [Test]
    public void MapKeepsTheStructureAndVisitsEveryLeafOnce() => Full(4).Sample(
        tree =>
        {
            List<MlxArray> seen = [];
            Tree mapped = Tree.Map(
                leaf =>
                {
                    seen.Add(leaf);
                    return leaf;
                },
                tree);
            return Same(mapped, tree) && seen.SequenceEqual(tree.Leaves, ReferenceEqualityComparer.Instance)
                && seen.Count == tree.LeafCount;
        },
        iter: 300,
        threads: 1);

    [Test]
    public void ACopyIsEqualAndIndependent() => Dictionary(3).Sample(
        tree =>
        {
            Tree copy = tree.Copy();
            bool same = Same(copy, tree);
            ((TreeDictionary)copy).Clear();
            return same && tree.LeafCount > 0;
        },
        iter: 100,
        threads: 1);

    [Test]
    public void PartsMergeIntoTheWholeInEitherOrder() => Gen.Select(Dictionary(4), Gen.Int).Sample(
        (tree, mask) =>
        {
            int index = 0;
            Tree left = Part(tree, i => ((mask >> (i % 31)) & 1) == 0, ref index);
            index = 0;
            Tree right = Part(tree, i => ((mask >> (i % 31)) & 1) != 0, ref index);
            return Same(Tree.Merge(left, right), tree) && Same(Tree.Merge(right, left), tree);
        },
        iter: 300,
        threads: 1);

    [Test]
    public void NothingMergedChangesNothing() => Full(4).Sample(
        tree => tree is TreeLeaf
            || (Same(Tree.Merge(tree, new TreeDictionary()), tree) && Same(Tree.Merge(new TreeDictionary(), tree), tree)),
        iter: 200,
        threads: 1);

    [Test]
    public void AMergeFunctionDecidesBetweenTwoArrays() => Dictionary(4).Sample(
        tree => Same(Tree.Merge(tree, tree, (left, _) => left), tree),
        iter: 200,
        threads: 1);
}
