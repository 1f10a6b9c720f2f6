using CsCheck;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Compares every optimizer and schedule, with random hyperparameters, to plain loops in double precision.</summary>
[TestFixture]
internal sealed class PlainRuleTests
{
    private const int Steps = 4;
    private const int Samples = 40;

    private static readonly int[][] Shapes = [[], [1], [5], [3, 4], [4, 2], [2, 3, 4], [2, 2, 1, 3]];

    // The numbers have few decimal digits, so that a float represents the intended number.
    private static Gen<double> Decimal(int from, int to, double unit) => Gen.Int[from, to].Select(i => Math.Round(i * unit, 12));

    private static readonly Gen<double> Share = Decimal(0, 99, 0.01);
    private static readonly Gen<double> Eps = Gen.Int[1, 8].Select(i => Math.Round(Math.Pow(10, -i), 12));
    private static readonly Gen<double> Decay = Gen.OneOf(Gen.Const(0.0), Decimal(1, 50, 0.01));

    /// <summary>A learning rate in the optimizer's form (a number or a schedule), and as a function of the step.</summary>
    private sealed record Rate(double? Constant, Schedule? Schedule, Func<int, double> At)
    {
        public T Make<T>(Func<double, T> constant, Func<Schedule, T> scheduled) =>
            Schedule is null ? constant(Constant!.Value) : scheduled(Schedule);
    }

    private static readonly Gen<Rate> Rates = Gen.OneOf(
        Decimal(1, 200, 0.001).Select(rate => new Rate(rate, null, _ => rate)),
        RandomSchedule(1).Select(schedule => new Rate(null, schedule.Schedule, schedule.At)));

    private static Gen<(Schedule Schedule, Func<int, double> At)> RandomSchedule(int depth)
    {
        Gen<double> value = Decimal(1, 300, 0.001);
        Gen<(Schedule, Func<int, double>)> plain = Gen.OneOf<(Schedule, Func<int, double>)>(
            Gen.Select(value, Decimal(50, 99, 0.01)).Select((init, decay) =>
                (Schedules.ExponentialDecay(init, decay), (Func<int, double>)(step => init * Math.Pow(decay, step)))),
            Gen.Select(value, Decimal(10, 99, 0.01), Gen.Int[1, 4]).Select((init, decay, size) =>
                (Schedules.StepDecay(init, decay, size), (Func<int, double>)(step => init * Math.Pow(decay, step / size)))),
            Gen.Select(value, Gen.Int[1, 6], Gen.OneOf(Gen.Const(0.0), value)).Select((init, steps, end) =>
                (Schedules.CosineDecay(init, steps, end),
                    (Func<int, double>)(step => end + (0.5 * (1 + Math.Cos(Math.PI * Math.Min(step, steps) / steps)) * (init - end))))),
            Gen.Select(value, value, Gen.Int[1, 6]).Select((init, end, steps) =>
                (Schedules.LinearSchedule(init, end, steps),
                    (Func<int, double>)(step => init + (Math.Min(step, steps) * (end - init) / steps)))));
        return depth == 0
            ? plain
            : Gen.OneOf(
                plain,
                Gen.Select(RandomSchedule(depth - 1), RandomSchedule(depth - 1), RandomSchedule(depth - 1), Gen.Int[0, 5], Gen.Int[1, 5])
                    .Select((a, b, c, first, more) =>
                    (Schedules.JoinSchedules([a.Schedule, b.Schedule, c.Schedule], [first, first + more]),
                        (Func<int, double>)(step => step < first ? a.At(step) : step < first + more
                            ? b.At(step - first)
                            : c.At(step - first - more)))));
    }

    [Test]
    public void SchedulesAreWhatTheFormulasSay() => Gen.Select(RandomSchedule(2), Gen.Int[0, 40]).Sample(
        (schedule, step) =>
        {
            using MlxArray number = MlxArray.Scalar((ulong)step);
            using MlxArray value = schedule.Schedule(number);

            // Near zero, a cosine and a line are differences of larger numbers, up to 0.3.
            Close([value.Item<float>()], [schedule.At(step)], 1e-5, $"step {step}", floor: 0.02);
        },
        iter: 300,
        threads: 1);

    [Test]
    public void SGDMatchesAPlainLoop() => Gen.Select(Rates, Share, Decay, Decay, Gen.Bool).Sample(
        (rate, momentum, weightDecay, dampening, nesterov) =>
        {
            (dampening, nesterov) = (nesterov ? 0 : dampening, nesterov && momentum > 0);
            Check(
                rate,
                rate.Make<Optimizer>(
                    r => new SGD(r, momentum, weightDecay, dampening, nesterov),
                    r => new SGD(r, momentum, weightDecay, dampening, nesterov)),
                PlainRule.Sgd(momentum, weightDecay, dampening, nesterov));
        },
        iter: Samples,
        threads: 1);

    [Test]
    public void RMSpropIsThePlainLoop() => Gen.Select(Rates, Share, Eps).Sample(
        (rate, alpha, eps) => Check(
            rate,
            rate.Make<Optimizer>(r => new RMSprop(r, alpha, eps), r => new RMSprop(r, alpha, eps)),
            PlainRule.RmsProp(alpha, eps)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdagradIsThePlainLoop() => Gen.Select(Rates, Eps).Sample(
        (rate, eps) => Check(
            rate, rate.Make<Optimizer>(r => new Adagrad(r, eps), r => new Adagrad(r, eps)), PlainRule.Adagrad(eps)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdaDeltaIsThePlainLoop() => Gen.Select(Rates, Share, Eps).Sample(
        (rate, rho, eps) => Check(
            rate,
            rate.Make<Optimizer>(r => new AdaDelta(r, rho, eps), r => new AdaDelta(r, rho, eps)),
            PlainRule.AdaDelta(rho, eps)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdamMatchesAPlainLoop() => Gen.Select(Rates, Share, Share, Eps, Gen.Bool).Sample(
        (rate, beta1, beta2, eps, correct) => Check(
            rate,
            rate.Make<Optimizer>(
                r => new Adam(r, (beta1, beta2), eps, correct), r => new Adam(r, (beta1, beta2), eps, correct)),
            PlainRule.Adam(beta1, beta2, eps, correct)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdamWIsThePlainLoop() => Gen.Select(Rates, Share, Share, Eps, Decay, Gen.Bool).Sample(
        (rate, beta1, beta2, eps, decay, correct) => Check(
            rate,
            rate.Make<Optimizer>(
                r => new AdamW(r, (beta1, beta2), eps, decay, correct),
                r => new AdamW(r, (beta1, beta2), eps, decay, correct)),
            PlainRule.Adam(beta1, beta2, eps, correct, decay)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdamaxIsThePlainLoop() => Gen.Select(Rates, Share, Share, Eps).Sample(
        (rate, beta1, beta2, eps) => Check(
            rate,
            rate.Make<Optimizer>(
                r => new Adamax(r, (beta1, beta2), eps), r => new Adamax(r, (beta1, beta2), eps)),
            PlainRule.Adamax(beta1, beta2, eps)),
        iter: Samples,
        threads: 1);

    [Test]
    public void LionMatchesAPlainLoop() => Gen.Select(Rates, Share, Share, Decay).Sample(
        (rate, beta1, beta2, decay) => Check(
            rate,
            rate.Make<Optimizer>(
                r => new Lion(r, (beta1, beta2), decay), r => new Lion(r, (beta1, beta2), decay)),
            PlainRule.Lion(beta1, beta2, decay)),
        iter: Samples,
        threads: 1);

    [Test]
    public void AdafactorIsThePlainLoop() => Gen.Select(
        Rates,
        Gen.Select(Decimal(1, 30, 0.1), Decimal(-9, -1, 0.1),
            Gen.OneOf(Gen.Const((double?)null), Share.Select(share => (double?)share)), Decay),
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[3, 6])).Sample(
        (rate, numbers, switches) =>
        {
            (double clip, double decayRate, double? beta1, double decay) = numbers;
            (bool scale, bool relative, bool warmup, int digits) = switches;
            double eps1 = Math.Round(Math.Pow(10, -digits), 12), eps2 = 0.05;
            Optimizer Make(double? constant, Schedule? schedule) => schedule is null
                ? new Adafactor(constant, (eps1, eps2), clip, decayRate, beta1, decay, scale, relative, warmup)
                : new Adafactor(schedule, (eps1, eps2), clip, decayRate, beta1, decay, scale, relative, warmup);
            Check(
                rate,
                Make(rate.Constant, rate.Schedule),
                PlainRule.Adafactor(new(eps1, eps2, clip, decayRate, beta1, decay, scale, relative, warmup)));
        },
        iter: Samples,
        threads: 1);

    [Test]
    public void MuonMatchesAPlainLoop() => Gen.Select(Rates, Share, Decay, Gen.Bool, Gen.Int[0, 5]).Sample(
        (rate, momentum, decay, nesterov, steps) => Check(
            rate,
            rate.Make<Optimizer>(
                r => new Muon(r, momentum, decay, nesterov, steps), r => new Muon(r, momentum, decay, nesterov, steps)),
            PlainRule.Muon(momentum, decay, nesterov, steps),
            tolerance: 2e-3),
        iter: Samples,
        threads: 1);

    /// <summary>One parameter of every shape: scalar, vector, wide and tall matrices, and more dimensions.</summary>
    private static void Check(Rate rate, Optimizer optimizer, PlainRule.Rule rule, double tolerance = 2e-5)
    {
        Random random = new(1);
        double[] Numbers(int[] shape) =>
            [.. Enumerable.Range(0, shape.Aggregate(1, (product, side) => product * side))
                .Select(_ => (double)(float)((2 * random.NextDouble()) - 1))];
        double[][] parameters = [.. Shapes.Select(Numbers)];
        PlainRule[] plain = [.. Shapes.Select(shape => new PlainRule(shape, rate.At))];
        TreeDictionary tree = AsTree(parameters);
        for (int step = 0; step < Steps; step++)
        {
            double[][] gradients = [.. Shapes.Select(Numbers)];
            tree = optimizer.ApplyGradients(AsTree(gradients), tree);
            for (int i = 0; i < Shapes.Length; i++)
            {
                parameters[i] = plain[i].Update(rule, parameters[i], gradients[i]);
            }

            for (int i = 0; i < Shapes.Length; i++)
            {
                string what = $"step {step}, shape ({string.Join(", ", Shapes[i])})";
                Tree state = optimizer.State["leaves"][i];
                Assert.That(tree["leaves"][i].Array.Shape.ToArray(), Is.EqualTo(Shapes[i]), what);
                Assert.That(((TreeDictionary)state).Keys, Is.EquivalentTo(plain[i].State.Keys), what);

                // A value near zero is the difference of larger numbers.
                Close(Golden.ToDoubles(tree["leaves"][i].Array), parameters[i], tolerance, what, floor: 0.5);
                foreach ((string name, double[] entry) in plain[i].State)
                {
                    double greatest = plain.Max(leaf => leaf.State.TryGetValue(name, out double[]? other) ? other.Max(Math.Abs) : 0);
                    Close(Golden.ToDoubles(state[name].Array), entry, tolerance, $"{what}, {name}", 0.05 * greatest);
                }
            }

            Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(step + 1));
        }
    }

    private static TreeDictionary AsTree(double[][] values) => new()
    {
        ["leaves"] = new TreeList(values.Select((value, i) => (Tree)Leaf(value, Shapes[i]))),
    };

    private static MlxArray Leaf(double[] values, int[] shape)
    {
        float[] floats = [.. values.Select(value => (float)value)];
        return shape.Length == 0 ? MlxArray.Scalar(floats[0]) : MlxArray.Create(floats, shape);
    }

    private static void Close(double[] actual, double[] expected, double tolerance, string what, double floor = 0)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length), what);
        for (int i = 0; i < actual.Length; i++)
        {
            if (!(Math.Abs(actual[i] - expected[i]) <= tolerance * Math.Max(Math.Abs(expected[i]), floor)))
            {
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R}");
            }
        }
    }
}
