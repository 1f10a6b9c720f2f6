using System.Collections.Concurrent;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Threads;

/// <summary>Threads that read a model while another thread traces it see its state outside the trace.</summary>
[NonParallelizable]
internal sealed partial class SharedModelTests
{
    /// <summary>A thread that was started earlier, so that it runs outside the trace.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly BlockingCollection<Action> _work = [];
        private readonly Thread _thread;

        public Reader()
        {
            _thread = new Thread(() =>
            {
                foreach (Action action in _work.GetConsumingEnumerable())
                {
                    action();
                }
            });
            _thread.Start();
        }

        public T Do<T>(Func<T> function)
        {
            TaskCompletionSource<T> done = new();
            _work.Add(() =>
            {
                try
                {
                    done.SetResult(function());
                }
                catch (Exception error)
                {
                    done.SetException(error);
                }
            });
            return done.Task.GetAwaiter().GetResult();
        }

        public void Dispose()
        {
            _work.CompleteAdding();
            _thread.Join();
            _work.Dispose();
        }
    }

    /// <summary>
    /// Finding the unreachable arrays of ended threads takes a few collections, and they must not disturb tests that count.
    /// </summary>
    [TearDown]
    public void Settle()
    {
        for (int i = 0; i < 3; i++)
        {
            HandleCount.Settle();
        }
    }

    private static MlxArray Input => MlxArray.Create([1f, -2f, 0.5f, 3f]).Reshape(2, 2);

    private static float[] State(Module model) => [.. model.CaptureState().Leaves.SelectMany(leaf => leaf.ToArray<float>())];

    private static float[] Output(Net model) => model.Second.Forward(Mx.Tanh(model.First.Forward(Input))).ToArray<float>();

    [TestCase("valueandgrad")]
    [TestCase("compiled step")]
    [TestCase("compiled loss")]
    [TestCase("checkpoint")]
    [TestCase("update in grad")]
    [TestCase("setter in grad")]
    public void AReaderInTheMiddleOfATraceSeesWhatWasThereBefore(string transform)
    {
        Net model = new();
        SGD optimizer = new(0.1f, momentum: 0.9f);
        Mx.Eval(model.Parameters());
        using Reader reader = new();
        float[] before = State(model), outputs = Output(model);
        int looks = 0;
        void Look()
        {
            looks++;
            Assert.That(reader.Do(() => State(model)), Is.EqualTo(before));
            Assert.That(reader.Do(() => Output(model)), Is.EqualTo(outputs));
        }

        MlxArray Loss()
        {
            Look();
            MlxArray loss = Mx.Sum(Mx.Square(model.Forward(Input)));
            Look();
            return loss;
        }

        switch (transform)
        {
            case "valueandgrad":
                Mx.Eval(model.ValueAndGrad(Loss)().Gradients);
                break;
            case "compiled step":
                IMlxState[] state = [model, optimizer];
                Mx.Eval(Mx.Compile(
                    (MlxArray x) =>
                    {
                        Look();
                        (MlxArray loss, var gradients) = model.ValueAndGrad(Loss)();
                        Look();
                        optimizer.Update(model, gradients);
                        Look();
                        return loss + Mx.Sum(model.First.Weight) + Mx.Sum(x);
                    },
                    state,
                    state)(Input));
                break;
            case "compiled loss":
                IMlxState[] read = [model];
                Mx.Eval(Mx.Compile((MlxArray x) => Loss() + Mx.Sum(x), read, read)(Input));
                break;
            case "checkpoint":
                Mx.Eval(Mx.Grad((MlxArray x) => Mx.Sum(model.Checkpoint(y => Loss() * Mx.Sum(y))(x)))(Input));
                break;
            case "update in grad":
                Mx.Eval(Mx.Grad((Tree tree) =>
                {
                    model.Update(tree);
                    return Loss();
                })(model.Parameters().Map(array => array + 1)));
                break;
            case "setter in grad":
                Mx.Eval(Mx.Grad((MlxArray weight) =>
                {
                    model.First.Weight = weight * 2;
                    return Loss();
                })(model.First.Weight));
                break;
        }

        Assert.That(looks, Is.GreaterThanOrEqualTo(2));
        Assert.That(reader.Do(() => State(model)), Is.EqualTo(State(model)), "Afterwards all see the same.");
        Assert.That(State(model), Is.Not.EqualTo(before), "The statistics or the weights have moved.");
    }

    [TestCase("valueandgrad")]
    [TestCase("throwing loss")]
    [TestCase("nested")]
    [TestCase("checkpoint")]
    [TestCase("compiled")]
    [TestCase("compiled step")]
    [TestCase("setter")]
    public void ParametersSetByAnotherThreadDuringATraceStay(string transform)
    {
        Linear model = new(2, 2) { OwnsArrays = true };
        Mx.Eval(model.Parameters());
        using Reader trainer = new();
        float[] expected = [.. State(model).Select(value => value + 1)];
        int updates = 0;
        MlxArray Loss()
        {
            if (updates++ == 0)
            {
                Assert.That(
                    trainer.Do(() =>
                    {
                        TreeDictionary next = model.Parameters().Map(array => array + 1);
                        Mx.Eval(next);
                        if (transform == "setter")
                        {
                            (model.Weight, model.Bias) = (next["weight"].Array, next["bias"].Array);
                        }
                        else
                        {
                            model.Update(next);
                        }

                        return State(model);
                    }),
                    Is.EqualTo(expected),
                    "The thread that updates sees its own update at once.");
            }

            return transform == "throwing loss" ? throw new TimeoutException() : Mx.Sum(Mx.Square(model.Forward(Input)));
        }

        switch (transform)
        {
            case "valueandgrad" or "setter":
                Mx.Eval(model.ValueAndGrad(Loss)().Gradients);
                break;
            case "throwing loss":
                Assert.That(() => model.ValueAndGrad(Loss)(), Throws.InstanceOf<TimeoutException>());
                break;
            case "nested":
                Mx.Eval(model.ValueAndGrad(() => model.ValueAndGrad(Loss)().Value)().Gradients);
                break;
            case "checkpoint":
                Mx.Eval(Mx.Grad((MlxArray x) => Mx.Sum(model.Checkpoint(y => Loss() * Mx.Sum(y))(x)))(Input));
                break;
            case "compiled":
                Mx.Eval(Mx.Compile((MlxArray x) => Loss() + Mx.Sum(x), inputs: [model])(Input));
                break;
            case "compiled step":
                // The result of the step replaces the array that the other thread has stored.
                Mx.Eval(Mx.Compile(
                    (MlxArray x) =>
                    {
                        MlxArray loss = Loss() + Mx.Sum(x);
                        model.Update(model.Parameters().Map(array => array * 2));
                        return loss;
                    },
                    inputs: [model],
                    outputs: [model])(Input));
                break;
        }

        Assert.That(updates, Is.GreaterThanOrEqualTo(1));
        float[] last = transform == "compiled step" ? [.. expected.Select(value => (value - 1) * 2)] : expected;
        Assert.That(State(model), Is.EqualTo(last).Within(1e-5f));
        Assert.That(trainer.Do(() => State(model)), Is.EqualTo(State(model)));
    }

    // Two arrays are always updated together, so no thread that captures the state at once sees an old one and a new one.
    [Test]
    public void WhoTakesAModelAtOnceSeesItBeforeOrAfterAnUpdate()
    {
        Linear model = new(1, 1) { OwnsArrays = true };
        model.Update(new TreeDictionary { ["weight"] = Mx.Zeros(1, 1), ["bias"] = Mx.Zeros(1) });
        Mx.Eval(model.Parameters());
        Func<MlxArray, MlxArray> difference = Mx.Compile((MlxArray x) => model.Weight.Reshape(1) - model.Bias! + x, inputs: [model]);
        MlxArray zero = Mx.Zeros(1);
        bool done = false;
        ConcurrentQueue<object> torn = [];
        int reads = 0;
        void Read(Func<bool> isWhole)
        {
            while (!Volatile.Read(ref done) && torn.IsEmpty)
            {
                try
                {
                    if (!isWhole())
                    {
                        torn.Enqueue("torn");
                    }

                    Interlocked.Increment(ref reads);
                }
                catch (ObjectDisposedException)
                {
                    // The update frees the arrays that it replaces.
                }
                catch (Exception error)
                {
                    torn.Enqueue(error);
                }
            }
        }

        Thread[] readers =
        [
            new(() => Read(() => difference(zero).Item<float>() == 0)),
            new(() => Read(() => State(model) is [var weight, var bias] && weight == bias)),
            new(() => Read(() => model.Parameters().Leaves.Select(leaf => leaf.ToArray<float>()[0]).Distinct().Count() == 1)),
        ];
        Array.ForEach(readers, thread => thread.Start());
        for (int i = 1; i <= 200 || (Volatile.Read(ref reads) < 50 && torn.IsEmpty); i++)
        {
            TreeDictionary next = new() { ["weight"] = Mx.Full([1, 1], (float)i), ["bias"] = Mx.Full([1], (float)i) };
            Mx.Eval(next);
            model.Update(next);
        }

        Volatile.Write(ref done, true);
        Array.ForEach(readers, thread => thread.Join());
        Assert.That(torn, Is.Empty);
    }

    [Test]
    [RequiresMlx("records operations of the tracing thread only on the reference library")]
    public void TasksStartedByAFunctionBelongToItsTrace()
    {
        Net model = new();
        var step = model.ValueAndGrad(() => Task.Run(() => Mx.Sum(Mx.Square(model.First.Forward(Input)))).GetAwaiter().GetResult());
        var plain = model.ValueAndGrad(() => Mx.Sum(Mx.Square(model.First.Forward(Input))));
        Assert.That(
            step().Gradients.Leaves.Select(leaf => leaf.ToArray<float>()),
            Is.EqualTo(plain().Gradients.Leaves.Select(leaf => leaf.ToArray<float>())));
    }

    [Test]
    public void ReadersBesideATrainingLoopNeverFail([Values] bool compiled)
    {
        Net model = new();
        SGD optimizer = new(0.01f);
        IMlxState[] state = [model, optimizer];
        MlxArray x = Input;
        Mx.Eval(model.Parameters());
        MlxArray Step(MlxArray input)
        {
            (MlxArray loss, var gradients) = model.ValueAndGrad(() => Mx.Mean(Mx.Square(model.Forward(input))))();
            optimizer.Update(model, gradients);
            return loss;
        }

        bool done = false;
        ConcurrentQueue<Exception> failures = [];
        int reads = 0;
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref done))
                {
                    using MlxScope scope = MlxScope.Begin();
                    Assert.That(Output(model), Is.All.Not.NaN);
                    Interlocked.Increment(ref reads);
                }
            }
            catch (Exception error)
            {
                failures.Enqueue(error);
            }
        }))];
        Array.ForEach(readers, thread => thread.Start());
        for (int i = 0; i < 60 || (Volatile.Read(ref reads) < 30 && failures.IsEmpty); i++)
        {
            // The function is new each time, so that each call traces it.
            Func<MlxArray, MlxArray> step = compiled ? Mx.Compile((MlxArray input) => Step(input), state, state) : Step;
            Mx.Eval(step(x), model.Parameters(), optimizer.State);
            (step.Target as IDisposable)?.Dispose();
        }

        Volatile.Write(ref done, true);
        Array.ForEach(readers, thread => thread.Join());
        Assert.That(failures, Is.Empty);
    }

    [Test]
    public void TheSettersOfLayersCheckWhatUpdateChecks()
    {
        Linear layer = new(2, 3);
        MlxArray weight = Mx.Ones(3, 2);
        layer.Weight = weight;
        Assert.That(layer.Weight, Is.SameAs(weight));
        Assert.That(() => layer.Weight = Mx.Ones(2, 3),
            Throws.ArgumentException.With.Message.Contains("Linear.Weight").And.Message.Contains("(3, 2)").And.Message.Contains("(2, 3)"));
        Assert.That(() => layer.Weight = null!, Throws.ArgumentNullException.With.Message.Contains("Linear.Weight"));
        Assert.That(layer.Weight, Is.SameAs(weight));
        layer.Bias = null;
        Assert.That(layer.Forward(Input).ToArray<float>(), Is.EqualTo(new[] { -1f, -1f, -1f, 3.5f, 3.5f, 3.5f }));
        layer.Bias = Mx.Ones(3);
        Assert.That(() => layer.Bias = Mx.Ones(4), Throws.ArgumentException.With.Message.Contains("(4,)"));
        using (MlxScope.Begin())
        {
            layer.Weight = Mx.Ones(3, 2) * 2;
        }

        Assert.That(layer.Weight.ToArray<float>(), Is.All.EqualTo(2f), "What a layer holds outlives the scope.");
        layer.Update(new TreeDictionary { ["weight"] = Mx.Ones(4, 2) }, strict: false);
        Assert.That(layer.Weight.Shape.ToArray(), Is.EqualTo(new[] { 4, 2 }));
    }

    internal sealed partial class Net : Module
    {
        public Linear First { get; } = new(2, 4);

        public BatchNorm Norm { get; } = new(4);

        public Linear Second { get; } = new(4, 2);

        public MlxArray Forward(MlxArray x) => Second.Forward(Norm.Forward(First.Forward(x)));
    }
}
