namespace DotMlx.Tests.Optimizers;

/// <summary>
/// The update rules as plain loops over doubles: the required effect of every optimizer on one parameter. They were written from the papers
/// and Python's documentation, without an array library.
/// </summary>
internal sealed class PlainRule(int[] shape, Func<int, double> rate)
{
    private int _step;

    /// <summary>The state of the parameter, by the names of the state dictionary.</summary>
    internal Dictionary<string, double[]> State { get; } = [];

    internal delegate double[] Rule(PlainRule self, double[] w, double[] g);

    /// <summary>The learning rate of the current update.</summary>
    private double Rate => rate(_step - 1);

    internal double[] Update(Rule rule, double[] w, double[] g)
    {
        _step++;
        return rule(this, w, g);
    }

    internal static Rule Sgd(double momentum, double weightDecay, double dampening, bool nesterov) => (self, w, gradient) =>
    {
        double[] g = Zip(gradient, w, (a, b) => a + (weightDecay * b));
        double[] v = self.Entry("v");
        double[] update = g;
        if (momentum > 0)
        {
            v = self.Set("v", Zip(v, g, (a, b) => (momentum * a) + ((1 - dampening) * b)));
            update = nesterov ? Zip(g, v, (a, b) => a + (momentum * b)) : v;
        }

        return Zip(w, update, (a, b) => a - (self.Rate * b));
    };

    internal static Rule RmsProp(double alpha, double eps) => (self, w, g) =>
    {
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => (alpha * a) + ((1 - alpha) * b * b)));
        return Index(w, i => w[i] - (self.Rate * g[i] / (Math.Sqrt(v[i]) + eps)));
    };

    internal static Rule Adagrad(double eps) => (self, w, g) =>
    {
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => a + (b * b)));
        return Index(w, i => w[i] - (self.Rate * g[i] / (Math.Sqrt(v[i]) + eps)));
    };

    internal static Rule AdaDelta(double rho, double eps) => (self, w, g) =>
    {
        double[] u = self.Entry("u");
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => (rho * a) + ((1 - rho) * b * b)));
        double[] d = Index(w, i => Math.Sqrt(u[i] + eps) / Math.Sqrt(v[i] + eps) * g[i]);
        self.Set("u", Zip(u, d, (a, b) => (rho * a) + ((1 - rho) * b * b)));
        return Zip(w, d, (a, b) => a - (self.Rate * b));
    };

    internal static Rule Adam(double beta1, double beta2, double eps, bool biasCorrection, double weightDecay = 0) => (self, w, g) =>
    {
        double[] m = self.Set("m", Zip(self.Entry("m"), g, (a, b) => (beta1 * a) + ((1 - beta1) * b)));
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => (beta2 * a) + ((1 - beta2) * b * b)));
        double first = biasCorrection ? 1 - Math.Pow(beta1, self._step) : 1;
        double second = biasCorrection ? 1 - Math.Pow(beta2, self._step) : 1;
        return Index(w, i => (w[i] * (1 - (self.Rate * weightDecay))) - (self.Rate * (m[i] / first) / (Math.Sqrt(v[i] / second) + eps)));
    };

    internal static Rule Adamax(double beta1, double beta2, double eps) => (self, w, g) =>
    {
        double[] m = self.Set("m", Zip(self.Entry("m"), g, (a, b) => (beta1 * a) + ((1 - beta1) * b)));
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => Math.Max(beta2 * a, Math.Abs(b))));
        return Index(w, i => w[i] - (self.Rate * m[i] / (v[i] + eps)));
    };

    internal static Rule Lion(double beta1, double beta2, double weightDecay) => (self, w, g) =>
    {
        double[] m = self.Entry("m");
        double[] c = Zip(m, g, (a, b) => (beta1 * a) + ((1 - beta1) * b));
        self.Set("m", Zip(m, g, (a, b) => (beta2 * a) + ((1 - beta2) * b)));
        return Zip(w, c, (a, b) => (a * (1 - (self.Rate * weightDecay))) - (self.Rate * Math.Sign(b)));
    };

    internal sealed record AdafactorOptions(
        double Eps1, double Eps2, double ClipThreshold, double DecayRate, double? Beta1, double WeightDecay, bool ScaleParameter,
        bool RelativeStep, bool WarmupInit);

    internal static Rule Adafactor(AdafactorOptions o) => (self, w, g) =>
    {
        double relative = o.RelativeStep ? Math.Min(o.WarmupInit ? 1e-6 * self._step : 1e-2, 1 / Math.Sqrt(self._step)) : self.Rate;
        double rate = relative * (o.ScaleParameter ? Math.Max(o.Eps2, RootMeanSquare(w)) : 1);
        double beta2 = 1 - Math.Pow(self._step, o.DecayRate);
        double[] square = Index(g, i => (g[i] * g[i]) + o.Eps1);
        double[] update = self.IsMatrix ? self.Factored(square, g, beta2) : self.Whole(square, g, beta2);
        double clip = Math.Max(1, RootMeanSquare(update) / o.ClipThreshold);
        update = Index(update, i => rate * update[i] / clip);
        if (o.Beta1 is { } beta1)
        {
            update = self.Set("exp_avg", Zip(self.Entry("exp_avg"), update, (a, b) => (beta1 * a) + ((1 - beta1) * b)));
        }

        return Zip(w, update, (a, b) => (a * (1 - (o.WeightDecay * rate))) - b);
    };

    internal static Rule Muon(double momentum, double weightDecay, bool nesterov, int steps) => (self, w, gradient) =>
    {
        double[] g = Zip(gradient, w, (a, b) => a + (weightDecay * b));
        double[] v = self.Set("v", Zip(self.Entry("v"), g, (a, b) => (momentum * a) + ((1 - momentum) * b)));
        double[] update = nesterov ? Zip(g, v, (a, b) => ((1 - momentum) * a) + (momentum * b)) : v;
        double rate = self.Rate;
        if (self.IsMatrix)
        {
            update = Orthogonal(update, self.Rows, update.Length / self.Rows, steps);
            rate *= Math.Sqrt(Math.Max(1, (double)self.Side(-2) / self.Side(-1)));
        }

        return Zip(w, update, (a, b) => a - (rate * b));
    };

    private bool IsMatrix => shape.Length >= 2;

    private int Rows => shape[0];

    private int Side(int axis) => shape[shape.Length + axis];

    private double[] Whole(double[] square, double[] g, double beta2)
    {
        double[] s = Set("exp_avg_sq", Zip(Entry("exp_avg_sq"), square, (a, b) => (beta2 * a) + ((1 - beta2) * b)));
        return Zip(s, g, (a, b) => b / Math.Sqrt(a));
    }

    private double[] Factored(double[] square, double[] g, double beta2)
    {
        int rows = Side(-2), columns = Side(-1), batches = g.Length / (rows * columns);
        double[] row = Entry("exp_avg_sq_row", batches * rows), column = Entry("exp_avg_sq_col", batches * columns);
        row = Set("exp_avg_sq_row",
            Index(row, i => (beta2 * row[i]) + ((1 - beta2) * Enumerable.Range(0, columns).Average(c => square[(i * columns) + c]))));
        column = Set("exp_avg_sq_col", Index(column, i => (beta2 * column[i])
            + ((1 - beta2) * Enumerable.Range(0, rows)
                .Average(r => square[(i / columns * rows * columns) + (r * columns) + (i % columns)]))));
        return Index(g, i =>
        {
            int batch = i / (rows * columns), r = i / columns % rows, c = i % columns;
            double mean = Enumerable.Range(0, rows).Average(k => row[(batch * rows) + k]);
            return g[i] / Math.Sqrt(row[(batch * rows) + r] / mean) / Math.Sqrt(column[(batch * columns) + c]);
        });
    }

    private static double[] Orthogonal(double[] x, int rows, int columns, int steps)
    {
        bool tall = rows > columns;
        double[,] m = new double[tall ? columns : rows, tall ? rows : columns];
        double norm = Math.Sqrt(x.Sum(value => value * value)) + 1e-7;
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                m[tall ? c : r, tall ? r : c] = x[(r * columns) + c] / norm;
            }
        }

        for (int step = 0; step < steps; step++)
        {
            double[,] a = Product(m, Transposed(m));
            double[,] squared = Product(a, a);
            double[,] b = Combine(a, squared, (p, q) => (-4.7750 * p) + (2.0315 * q));
            m = Combine(m, Product(b, m), (p, q) => (3.4445 * p) + q);
        }

        return Index(x, i => tall ? m[i % columns, i / columns] : m[i / columns, i % columns]);
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        double[,] result = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < result.GetLength(0); i++)
        {
            for (int j = 0; j < result.GetLength(1); j++)
            {
                for (int k = 0; k < a.GetLength(1); k++)
                {
                    result[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return result;
    }

    private static double[,] Transposed(double[,] a) => Fill(a.GetLength(1), a.GetLength(0), (i, j) => a[j, i]);

    private static double[,] Combine(double[,] a, double[,] b, Func<double, double, double> combine) =>
        Fill(a.GetLength(0), a.GetLength(1), (i, j) => combine(a[i, j], b[i, j]));

    private static double[,] Fill(int rows, int columns, Func<int, int, double> value)
    {
        double[,] result = new double[rows, columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                result[i, j] = value(i, j);
            }
        }

        return result;
    }

    private double[] Entry(string name, int? size = null) =>
        State.TryGetValue(name, out double[]? entry)
            ? entry
            : Set(name, new double[size ?? shape.Aggregate(1, (product, side) => product * side)]);

    private double[] Set(string name, double[] value) => State[name] = value;

    private static double RootMeanSquare(double[] x) => Math.Sqrt(x.Average(value => value * value));

    private static double[] Zip(double[] a, double[] b, Func<double, double, double> combine) => [.. a.Zip(b, combine)];

    private static double[] Index(double[] like, Func<int, double> value) => [.. Enumerable.Range(0, like.Length).Select(value)];
}
