using DotMlx.NN;

namespace DotMlx.Tests.NN;

[RequiresMlx("quantization")]
public partial class QuantizationTests
{
    private sealed partial class Model : Module
    {
        public Embedding Table { get; } = new(10, 64);

        public List<Linear> Layers { get; } = [new(64, 64), new(64, 128, bias: false)];

        public MlxArray Forward(MlxArray x) => Layers[1].Forward(Layers[0].Forward(Table.Forward(x)));
    }

    [TestCase("affine", null)]
    [TestCase("mxfp4", null)]
    [TestCase("nvfp4", null)]
    [TestCase("mxfp8", null)]
    [TestCase("affine", 8)]
    public void QuantizedLayersStandWhereThePlainOnesStoodAndComputeNearlyTheSame(string mode, int? bits)
    {
        Model model = new();
        using MlxArray x = MlxArray.Create([1, 2, 3], 3);
        float[] plain = model.Forward(x).ToArray<float>();
        Assert.That(model.Quantize(bits: bits, mode: mode), Is.SameAs(model));
        Assert.That(model.Table, Is.InstanceOf<QuantizedEmbedding>());
        Assert.That(model.Layers, Has.All.InstanceOf<QuantizedLinear>());
        Assert.That(model.TrainableParameters().LeafCount, Is.Zero);
        Assert.That(model.Layers[0].InputDims, Is.EqualTo(64));
        float[] quantized = model.Forward(x).ToArray<float>();
        double spread = Math.Sqrt(plain.Average(v => (double)v * v));
        double error = Math.Sqrt(plain.Zip(quantized, (a, b) => (double)(a - b) * (a - b)).Average());
        Assert.That(error / spread, Is.LessThan(bits == 8 ? 0.02 : 0.35));
    }

    [Test]
    public void TheParametersAreThoseOfPython()
    {
        Model model = new();
        model.Quantize();
        Assert.That(model.Parameters().Flatten().Select(p => p.Key), Is.EquivalentTo(new[]
        {
            "table.weight", "table.scales", "table.biases",
            "layers.0.weight", "layers.0.scales", "layers.0.biases", "layers.0.bias",
            "layers.1.weight", "layers.1.scales", "layers.1.biases",
        }));
        Assert.That(model.Table.AsLinear(Mx.Ones(1, 64)).Shape.ToArray(), Is.EqualTo(new[] { 1, 10 }));
    }

    [Test]
    public void APredicateChoosesAndAWrongChoiceIsNamed()
    {
        Model model = new();
        model.Quantize(classPredicate: (path, _) => path == "layers.0");
        Assert.That(model.Layers[0], Is.InstanceOf<QuantizedLinear>());
        Assert.That(model.Layers[1], Is.Not.InstanceOf<QuantizedLinear>());
        Sequential other = new(new LayerNorm(4));
        Assert.That(Assert.Throws<ArgumentException>(() => other.Quantize(classPredicate: (_, _) => true))!.Message,
            Does.Contain("'layers.0'").And.Contain("LayerNorm"));
        Assert.Throws<ArgumentException>(() => new Model().Quantize(mode: "int3"));
    }

    [Test]
    public void NewQuantizedLayersHaveTheShapesAndTheSpreadOfThePlainOnes()
    {
        using MlxArray x = Mx.Random.Normal([16, 64]);
        QuantizedLinear linear = new(64, 32);
        Assert.That((linear.InputDims, linear.OutputDims, linear.GroupSize, linear.Bits, linear.Mode),
            Is.EqualTo((64, 32, 64, 4, "affine")));
        Assert.That(linear.TrainableParameters().LeafCount, Is.Zero);
        Assert.That(linear.Bias!.ToArray<float>(), Is.All.Zero);
        Assert.That(new QuantizedLinear(64, 32, bias: false, groupSize: 32, bits: 8).Bias, Is.Null);

        // Weights are uniform within 1/8 of 0, so that the outputs of normal inputs have a variance of 64 · (1/8)² / 3.
        Assert.That(Mx.Var(linear.Forward(x)).Item<float>(), Is.EqualTo(1 / 3f).Within(0.1));

        QuantizedEmbedding embedding = new(100, 64, mode: "mxfp8");
        Assert.That((embedding.GroupSize, embedding.Bits, embedding.Mode, embedding.Biases), Is.EqualTo((32, 8, "mxfp8", (MlxArray?)null)));
        using MlxArray all = embedding.Forward(Mx.Arange(100));
        Assert.That(all.Shape.ToArray(), Is.EqualTo(new[] { 100, 64 }));
        
        // MLX dequantizes modes other than affine to bfloat16.
        Assert.That(Mx.Var(all.AsType(DType.Float32)).Item<float>(), Is.EqualTo(1 / 64f).Within(0.002));

        QQLinear both = new(64, 32, mode: "mxfp8");
        Assert.That((both.GroupSize, both.Bits, both.Mode, both.IsQuantized), Is.EqualTo((32, 8, "mxfp8", false)));
        both.Quantize();
        both.Quantize();
        Assert.That(both.IsQuantized, Is.True);
        both.Dequantize();
        Assert.That(both.Weight.Shape.ToArray(), Is.EqualTo(new[] { 32, 64 }));
    }

    [Test]
    public void QQLinearQuantizesInEvaluationAndTrainsInFull()
    {
        Linear plain = new(64, 32, bias: false);
        QQLinear layer = QQLinear.FromLinear(plain);
        Assert.That(layer.IsQuantized, Is.False);
        layer.Eval();
        Assert.That(layer.IsQuantized, Is.True);
        Assert.That(layer.InputDims, Is.EqualTo(64));
        Assert.That(layer.Parameters().Flatten().Select(p => p.Key), Is.EqualTo(new[] { "weight", "scales" }));
        layer.Train();
        Assert.That(layer.Scales, Is.Null);
        Assert.That(layer.Weight.Shape.ToArray(), Is.EqualTo(new[] { 32, 64 }));
        Assert.Throws<NotSupportedException>(() => QQLinear.FromLinear(new Linear(64, 32)));
        Assert.Throws<NotSupportedException>(() => new Linear(64, 32, bias: false).ToQuantized(quantizeInput: true));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void AFusedAdapterComputesTheSame(bool quantized)
    {
        Linear linear = new(64, 64);
        LoraLinear lora = LoraLinear.FromLinear(quantized ? QuantizedLinear.FromLinear(linear, bits: 8) : linear, r: 4);
        Assert.That(lora.TrainableParameters().Flatten().Select(p => p.Key), Is.EqualTo(new[] { "lora_a", "lora_b" }));
        lora.LoraB = Mx.Random.Normal([4, 64], scale: 0.01f);
        using MlxArray x = Mx.Random.Normal([3, 64]);
        float[] corrected = lora.Forward(x).ToArray<float>();
        Assert.That(lora.Fuse(dequantize: true).Forward(x).ToArray<float>(), Is.EqualTo(corrected).Within(1e-3));
        Assert.That(lora.Fuse(), quantized ? Is.InstanceOf<QuantizedLinear>() : Is.Not.InstanceOf<QuantizedLinear>());
    }

    [Test]
    public void RowsHaveTheCorrectionAndTheGradientsOfABatch()
    {
        LoraLinear lora = LoraLinear.FromLinear(new Linear(64, 32), r: 4, scale: 3);
        lora.LoraB = Mx.Random.Normal([4, 32], scale: 0.1f);
        using MlxArray batch = Mx.Random.Normal([2, 3, 64]);
        using MlxArray rows = Mx.Reshape(batch, 6, 64);
        Func<MlxArray, (MlxArray Value, TreeDictionary Gradients)> differentiate =
            lora.ValueAndGrad(x => Mx.Mean(Mx.Square(lora.Forward(x))));
        (MlxArray expected, TreeDictionary gradients) = differentiate(batch);
        (MlxArray value, TreeDictionary own) = differentiate(rows);
        Assert.That(lora.Forward(rows).ToArray<float>(), Is.EqualTo(lora.Forward(batch).ToArray<float>()).Within(1e-5));
        Assert.That(value.Item<float>(), Is.EqualTo(expected.Item<float>()).Within(1e-5));
        foreach ((MlxArray gradient, MlxArray other) in own.Leaves.Zip(gradients.Leaves))
        {
            Assert.That(gradient.ToArray<float>(), Is.EqualTo(other.ToArray<float>()).Within(1e-5));
        }
    }
}
