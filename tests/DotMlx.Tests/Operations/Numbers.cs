namespace DotMlx.Tests.Operations;

/// <summary>Arrays and comparisons for tests that compute the expected values with plain loops.</summary>
internal static class Numbers
{
    /// <summary>Returns numbers between -1 and 1 that look random but are always the same.</summary>
    internal static float[] Noise(int count, int seed = 1)
        => [.. Enumerable.Range(0, count)
            .Select(i => (float)((2 * Fraction(Math.Sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453)) - 1))];

    private static double Fraction(double value) => value - Math.Floor(value);

    internal static MlxArray Array(int seed, params int[] shape)
        => MlxArray.Create(Noise(shape.Aggregate(1, (product, size) => product * size), seed), shape);

    internal static MlxArray Row(params float[] values) => MlxArray.Create(values);

    internal static MlxArray Ints(params int[] values) => MlxArray.Create(values);

    internal static void AreClose(MlxArray actual, IEnumerable<double> expected, double tolerance = 1e-5, string what = "")
    {
        double[] left = Golden.ToDoubles(actual);
        double[] right = [.. expected];
        Assert.That(left, Has.Length.EqualTo(right.Length), what);
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i].Equals(right[i]))
            {
                continue;
            }

            Assert.That(
                left[i], Is.EqualTo(right[i]).Within(tolerance * Math.Max(1, Math.Abs(right[i]))), $"{what} element {i}");
        }
    }

    internal static void AreClose(MlxArray actual, MlxArray expected, double tolerance = 1e-5, string what = "")
    {
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()), what + " shape");
        AreClose(actual, Golden.ToDoubles(expected), tolerance, what);
    }

    internal static void HasShape(MlxArray array, params int[] shape) => Assert.That(array.Shape.ToArray(), Is.EqualTo(shape));
}
