namespace DotMlx.Tests.Threads;

/// <summary>Transforms of functions that capture an array that another thread starts to evaluate when the function returns.</summary>
[NonParallelizable]
public sealed class GraphTraversalTests
{
    private const int Rounds = 100;
    private const int Nodes = 1000;

    private static readonly (string Name, Func<Func<MlxArray>, MlxArray> Transformed)[] Transforms =
    [
        ("grad", captured => Mx.Grad((MlxArray x) => Mx.Sum(x * captured()))(Mx.Ones(2))),
        ("vjp", captured => Mx.Vjp((MlxArray x) => x * captured(), Mx.Ones(2), Mx.Ones(2)).Vjp),
        ("jvp", captured => Mx.Jvp((MlxArray x) => x * captured(), Mx.Ones(2), Mx.Ones(2)).Jvp),
        ("vmap", captured => Mx.Vmap((MlxArray x) => x * captured())(Mx.Ones(1, 2)).Reshape(2)),
        ("compile", captured =>
        {
            Func<MlxArray, MlxArray> compiled = Mx.Compile((MlxArray x) => x * captured());
            return compiled(Mx.Ones(2)) + (0 * compiled(Mx.Ones(2)));
        }),
        ("checkpoint", captured => Mx.Grad((MlxArray x) => Mx.Sum(Mx.Checkpoint((MlxArray a) => a * captured())(x)))(Mx.Ones(2))),
        ("custom rule", captured => Mx.Grad((MlxArray x) => Mx.Sum(
            new CustomFunction(a => [a[0] * captured()])
            { Vjp = (primals, cotangents, outputs) => [cotangents[0] * outputs[0] / primals[0]] }
                .Invoke(x)[0]))(Mx.Ones(2))),
    ];

    private static IEnumerable<string> Names => Transforms.Select(transform => transform.Name);

    [TestCaseSource(nameof(Names))]
    public void ATransformBesideAnEvaluationOfItsConstantsIsRight(string name)
    {
        if (name == "vmap" && MlxLibrary.Kind != MlxLibraryKind.Mlx)
        {
            Assert.Ignore("Needs MLX: the reference library provides no Vmap.");
        }

        Func<Func<MlxArray>, MlxArray> transformed = Transforms.Single(transform => transform.Name == name).Transformed;
        List<float[]> results = Beside(shared => transformed(shared).ToArray<float>());
        Assert.That(results, Has.All.EqualTo(new float[] { Nodes, Nodes }));
    }

    [Test]
    [RequiresMlx("the reference library prints no graphs")]
    public void AGraphThatAnotherThreadEvaluatesIsPrintedWhole()
    {
        List<string> graphs = Beside(shared =>
        {
            StringWriter text = new();
            Mx.ExportToDot(text, [shared()]);
            return text.ToString();
        });
        Assert.That(graphs.Select(graph => graph.Trim()), Has.All.StartsWith("digraph").And.All.EndsWith("}"));
    }

    /// <summary>Calls a function many times, while another thread evaluates a new array whenever the function requests it.</summary>
    private static List<T> Beside<T>(Func<Func<MlxArray>, T> use)
    {
        MlxArray shared = Chain();
        int started = 0;
        int evaluated = 0;
        bool ended = false;
        Thread evaluating = new(() =>
        {
            for (int i = 1; i <= Rounds && !Volatile.Read(ref ended); i++)
            {
                SpinWait.SpinUntil(() => Volatile.Read(ref started) == i || Volatile.Read(ref ended));
                shared.Eval();
                Volatile.Write(ref evaluated, i);
            }
        });
        evaluating.Start();
        List<T> results = [];
        try
        {
            for (int i = 1; i <= Rounds; i++)
            {
                shared = Chain();
                results.Add(use(() =>
                {
                    Volatile.Write(ref started, i);
                    return shared;
                }));
                SpinWait.SpinUntil(() => Volatile.Read(ref evaluated) == i);
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            evaluating.Join();
        }

        return results;
    }

    private static MlxArray Chain()
    {
        MlxArray sum = Mx.Zeros(2);
        for (int i = 0; i < Nodes; i++)
        {
            sum += 1;
        }

        return sum;
    }
}
