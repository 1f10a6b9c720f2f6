using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Compares the gradients of every layer of the figures with central differences in float64.</summary>
[CpuOnly("float64")]
[RequiresMlx("the reference library's fast functions compute in float32")]
public class GradientTests
{
    private const double FineStep = 1e-5;

    // MLX computes exponentials, error functions, convolutions, and fast normalization of float64 arrays in float32. There, a wide step,
    // with a formula of the fourth order, distinguishes rounding from a wrong gradient.
    private const double CoarseStep = 1e-2;

    // MLX has no strided convolution of float64 on the CPU. Convolutions are linear in all arguments, so no step is too wide.
    private const double LinearStep = 0.5;

    private static IEnumerable<TestCaseData> Cases() => Golden.Load("layers.json").GetProperty("cases").EnumerateArray()
        .Where(c => c.GetProperty("layer").GetString() is not ("Step" or "SinusoidalPositionalEncoding"))
        .Select((c, i) => new TestCaseData(c)
            .SetArgDisplayNames($"{i} {c.GetProperty("layer").GetString()} {c.GetProperty("kwargs").GetRawText()}"));

    [TestCaseSource(nameof(Cases))]
    public void GradientsAgreeWithCentralDifferences(JsonElement figure)
    {
        // The activation is smooth, because a wide step would cross the corner of the default one.
        Module layer = LayerFactory.Make(figure.GetProperty("layer").GetString()!, figure.GetProperty("kwargs"), Activations.Tanh);
        bool convolves = layer is ConvolutionBase;
        DType dtype = convolves ? DType.Float32 : DType.Float64;
        double wide = convolves ? LinearStep : CoarseStep;
        layer.Train(figure.GetProperty("training").GetBoolean());
        layer.Update(Tree.Unflatten(figure.GetProperty("parameters").EnumerateObject()
            .Select(p => new KeyValuePair<string, MlxArray>(p.Name, Golden.Array(p.Value)))));
        layer.SetDType(dtype);
        MlxArray[] inputs = [.. figure.GetProperty("inputs").EnumerateArray().Select(Golden.Array)
            .Select(x => x.DType == DType.Float32 ? Mx.AsType(x, dtype) : x)];
        Arguments call = new(figure.GetProperty("call"));

        // The weights differ between elements, so that errors don't cancel.
        MlxArray Loss(MlxArray[] x)
        {
            MlxArray total = MlxArray.Scalar(0, dtype);
            foreach (MlxArray output in LayerFactory.Call(layer, x, call))
            {
                MlxArray weights = Mx.Cos(Mx.Arange(0.0, output.Size, 1.0, dtype));
                total = Mx.Add(total, Mx.Sum(Mx.Multiply(Mx.Reshape(output, -1), weights)));
            }
            return total;
        }

        Tree trainable = layer.TrainableParameters();
        if (trainable.LeafCount > 0)
        {
            (_, Tree gradients) = layer.ValueAndGrad(() => Loss(inputs))();
            foreach ((string path, MlxArray gradient) in gradients.Flatten())
            {
                Compare(path, gradient, layer.Parameters().Find(path).Array, changed =>
                {
                    Tree state = layer.CaptureState();
                    layer.Update(Tree.Unflatten([new(path, changed)]));
                    double loss = AsDouble(Loss(inputs));
                    layer.RestoreState(state);
                    return loss;
                }, wide);
            }
        }
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!inputs[i].DType.IsFloating())
            {
                continue;
            }
            int at = i;
            MlxArray gradient = Mx.Grad((MlxArray x) => Loss([.. inputs[..at], x, .. inputs[(at + 1)..]]))(inputs[i]);
            Compare($"input {i}", gradient, inputs[i], changed => AsDouble(Loss([.. inputs[..at], changed, .. inputs[(at + 1)..]])), wide);
        }
    }

    private static double AsDouble(MlxArray loss) => Golden.ToDoubles(loss)[0];

    private static void Compare(string what, MlxArray gradient, MlxArray at, Func<MlxArray, double> loss, double wide)
    {
        double[] values = Golden.ToDoubles(at);
        double[] analytic = Golden.ToDoubles(gradient);
        int[] shape = at.Shape.ToArray();

        double At(int index, double offset)
        {
            double original = values[index];
            values[index] = original + offset;
            using MlxArray moved = Mx.AsType(MlxArray.Create(values, shape), at.DType);
            values[index] = original;
            return loss(moved);
        }

        // A few elements from all parts of the array are enough to detect an error.
        for (int i = 0; i < values.Length; i += 1 + (values.Length / 12))
        {
            double fine = (At(i, FineStep) - At(i, -FineStep)) / (2 * FineStep);
            if (Math.Abs(analytic[i] - fine) <= 1e-5 * Math.Max(1, Math.Abs(fine)))
            {
                continue;
            }
            double coarse = ((8 * (At(i, wide) - At(i, -wide))) - (At(i, 2 * wide) - At(i, -2 * wide))) / (12 * wide);
            Assert.That(analytic[i], Is.EqualTo(coarse).Within(5e-4 * Math.Max(1, Math.Abs(coarse))), $"{what}[{i}]");
        }
    }
}
