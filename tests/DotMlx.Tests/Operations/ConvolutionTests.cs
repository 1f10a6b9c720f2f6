namespace DotMlx.Tests.Operations;

/// <summary>Compares convolutions with sums written as loops.</summary>
public class ConvolutionTests
{
    [Test]
    public void ConvolutionOverTwoAxesAcceptsPairs()
    {
        using MlxArray input = Numbers.Array(1, 1, 6, 7, 2);
        using MlxArray weight = Numbers.Array(2, 3, 2, 3, 2);
        using MlxArray actual = Mx.Conv2d(input, weight, (2, 1), (1, 0), (1, 2));
        Numbers.AreClose(actual, Convolve(input, weight, [2, 1], [1, 0], [1, 2]));
        Numbers.AreClose(Mx.Conv2d(input, weight, 2, 1), Mx.Conv2d(input, weight, (2, 2), (1, 1)));
    }

    [Test]
    public void ConvolutionOverThreeAxesMatchesTheSum()
    {
        using MlxArray input = Numbers.Array(1, 1, 4, 5, 4, 2);
        using MlxArray weight = Numbers.Array(2, 2, 2, 3, 2, 2);
        Numbers.AreClose(Mx.Conv3d(input, weight, (1, 2, 1), (1, 1, 0)), Convolve(input, weight, [1, 2, 1], [1, 1, 0], [1, 1, 1]));
        Numbers.AreClose(Mx.Conv3d(input, weight, 2), Convolve(input, weight, [2, 2, 2], [0, 0, 0], [1, 1, 1]));
    }

    [Test]
    public void GeneralConvolutionMatchesTheSpecificOnes()
    {
        using MlxArray input = Numbers.Array(1, 2, 8, 3);
        using MlxArray weight = Numbers.Array(2, 4, 3, 3);
        Numbers.AreClose(Mx.ConvGeneral(input, weight, 2, 1, 2), Mx.Conv1d(input, weight, 2, 1, 2));
        Numbers.AreClose(Mx.ConvGeneral(input, weight, [2], [1], [1], [2]), Mx.Conv1d(input, weight, 2, 1, 2));
    }

    [Test]
    public void TransposedIsTheGradientOfTheForward()
    {
        Check(
            (x, w) => Mx.Conv1d(x, w, 2, 1), (y, w) => Mx.ConvTranspose1d(y, w, 2, 1, outputPadding: 1), [1, 8, 3], [4, 3, 3]);
        Check(
            (x, w) => Mx.Conv2d(x, w, (2, 1), (1, 0)),
            (y, w) => Mx.ConvTranspose2d(y, w, (2, 1), (1, 0), outputPadding: (1, 0)), [1, 6, 5, 2], [3, 3, 2, 2]);
        Check(
            (x, w) => Mx.Conv3d(x, w, (1, 1, 2)), (y, w) => Mx.ConvTranspose3d(y, w, (1, 1, 2), outputPadding: (0, 0, 1)),
            [1, 3, 4, 4, 2], [2, 2, 2, 1, 2]);
        Numbers.AreClose(
            Mx.ConvTranspose3d(Numbers.Array(1, 1, 2, 2, 2, 1), Numbers.Array(2, 1, 2, 2, 2, 1), 2),
            Mx.ConvTranspose3d(Numbers.Array(1, 1, 2, 2, 2, 1), Numbers.Array(2, 1, 2, 2, 2, 1), (2, 2, 2)));

        static void Check(
            Func<MlxArray, MlxArray, MlxArray> forward, Func<MlxArray, MlxArray, MlxArray> transposed, int[] inputShape, int[] weightShape)
        {
            using MlxArray input = Numbers.Array(1, inputShape);
            using MlxArray weight = Numbers.Array(2, weightShape);
            using MlxArray output = forward(input, weight);
            using MlxArray cotangent = Numbers.Array(3, output.Shape.ToArray());
            (_, MlxArray gradient) = Mx.Vjp(x => forward(x, weight), input, cotangent);

            // The weights of a transposed convolution have the input channels last.
            using MlxArray exchanged = Mx.SwapAxes(weight, 0, -1);
            Numbers.AreClose(transposed(cotangent, exchanged), gradient);
        }
    }

    [TestCase(ConvolveMode.Full)]
    [TestCase(ConvolveMode.Same)]
    [TestCase(ConvolveMode.Valid)]
    public void ConvolvingVectorsMatchesTheSum(ConvolveMode mode)
    {
        foreach ((int n, int m) in new[] { (7, 3), (7, 4), (3, 7), (5, 1), (4, 4) })
        {
            float[] a = Numbers.Noise(n);
            float[] v = Numbers.Noise(m, 2);
            double[] full = new double[n + m - 1];
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < m; j++)
                {
                    full[i + j] += a[i] * v[j];
                }
            }

            int shorter = Math.Min(n, m);
            int longer = Math.Max(n, m);
            IEnumerable<double> expected = mode switch
            {
                ConvolveMode.Full => full,
                ConvolveMode.Same => full.Skip((shorter - 1) / 2).Take(longer),
                _ => full.Skip(shorter - 1).Take(longer - shorter + 1),
            };
            Numbers.AreClose(Mx.Convolve(Numbers.Row(a), Numbers.Row(v), mode), expected, what: $"{n} with {m}");
        }
    }

    [Test]
    public void ConvolveRejectsWrongArguments()
    {
        using MlxArray row = Numbers.Row(1, 2);
        Assert.That(() => Mx.Convolve(row, row, (ConvolveMode)7), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Convolve(Mx.Zeros(2, 2), row), Throws.ArgumentException.With.Message.Contains("(2,2)"));
        Assert.That(() => Mx.Convolve(row, Mx.Zeros(0)), Throws.ArgumentException);
    }

    private static MlxArray Convolve(MlxArray input, MlxArray weight, int[] stride, int[] padding, int[] dilation)
    {
        int axes = stride.Length;
        int[] inputShape = input.Shape.ToArray();
        int[] kernel = weight.Shape.ToArray();
        int[] shape = [inputShape[0], .. new int[axes], kernel[0]];
        for (int i = 0; i < axes; i++)
        {
            shape[i + 1] = ((inputShape[i + 1] + (2 * padding[i]) - (dilation[i] * (kernel[i + 1] - 1)) - 1) / stride[i]) + 1;
        }

        float[] x = input.ToArray<float>();
        float[] w = weight.ToArray<float>();
        float[] result = new float[shape.Aggregate(1, (product, size) => product * size)];
        int channels = inputShape[^1];
        for (int r = 0; r < result.Length; r++)
        {
            int[] at = Coordinates(r, shape);
            double sum = 0;
            for (int k = 0; k < w.Length; k++)
            {
                int[] tap = Coordinates(k, kernel);
                int offset = at[0];
                bool inside = tap[0] == at[^1];
                for (int i = 1; i <= axes && inside; i++)
                {
                    int place = (at[i] * stride[i - 1]) - padding[i - 1] + (tap[i] * dilation[i - 1]);
                    inside = place >= 0 && place < inputShape[i];
                    offset = (offset * inputShape[i]) + place;
                }

                sum += inside ? x[(offset * channels) + tap[^1]] * w[k] : 0;
            }

            result[r] = (float)sum;
        }

        return MlxArray.Create(result, shape);
    }

    private static int[] Coordinates(int index, int[] shape)
    {
        int[] at = new int[shape.Length];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            (index, at[i]) = Math.DivRem(index, shape[i]);
        }

        return at;
    }
}
