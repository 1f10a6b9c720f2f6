using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Creates layers from their Python name and keyword arguments, and calls each of them.</summary>
internal static class LayerFactory
{
    /// <param name="layer">Python's name.</param>
    /// <param name="kwargs">Python's keyword arguments.</param>
    /// <param name="activation">The sizes of transformers; null for the default.</param>
    public static Module Make(string layer, JsonElement kwargs, Func<MlxArray, MlxArray>? activation = null)
    {
        Arguments a = new(kwargs);
        activation ??= a.IsText("activation") ? Activation(a.Text("activation", "")) : null;
        return layer switch
        {
            "Linear" => new Linear(a.Int("input_dims"), a.Int("output_dims"), a.Bool("bias", true)),
            "Bilinear" => new Bilinear(a.Int("input1_dims"), a.Int("input2_dims"), a.Int("output_dims"), a.Bool("bias", true)),
            "Embedding" => new Embedding(a.Int("num_embeddings"), a.Int("dims")),
            "Identity" => new Identity(),
            "Dropout" => new Dropout(a.Float("p", 0.5f)),
            "Dropout2d" => new Dropout2d(a.Float("p", 0.5f)),
            "Dropout3d" => new Dropout3d(a.Float("p", 0.5f)),
            "LayerNorm" => new LayerNorm(a.Int("dims"), a.Float("eps", 1e-5f), a.Bool("affine", true), a.Bool("bias", true)),
            "RMSNorm" => new RMSNorm(a.Int("dims"), a.Float("eps", 1e-5f)),
            "InstanceNorm" => new InstanceNorm(a.Int("dims"), a.Float("eps", 1e-5f), a.Bool("affine", false)),
            "GroupNorm" => new GroupNorm(a.Int("num_groups"), a.Int("dims"), a.Float("eps", 1e-5f), a.Bool("affine", true),
                a.Bool("pytorch_compatible", false)),
            "BatchNorm" => new BatchNorm(a.Int("num_features"), a.Float("eps", 1e-5f), a.Float("momentum", 0.1f), a.Bool("affine", true),
                a.Bool("track_running_stats", true)),
            "RNN" => new RNN(a.Int("input_size"), a.Int("hidden_size"), a.Bool("bias", true), Activation(a.Text("nonlinearity", "tanh"))),
            "GRU" => new GRU(a.Int("input_size"), a.Int("hidden_size"), a.Bool("bias", true)),
            "LSTM" => new LSTM(a.Int("input_size"), a.Int("hidden_size"), a.Bool("bias", true)),
            "RoPE" => new RoPE(a.Int("dims"), a.Bool("traditional", false), a.Float("base", 10000f), a.Float("scale", 1f)),
            "SinusoidalPositionalEncoding" => new SinusoidalPositionalEncoding(
                a.Int("dims"), a.Float("min_freq", 0.0001f), a.Float("max_freq", 1f), a.FloatOrNull("scale"), a.Bool("cos_first", false),
                a.Bool("full_turns", false)),
            "ALiBi" => new ALiBi(),
            "MultiHeadAttention" => new MultiHeadAttention(
                a.Int("dims"), a.Int("num_heads"), a.IntOrNull("query_input_dims"), a.IntOrNull("key_input_dims"),
                a.IntOrNull("value_input_dims"),
                a.IntOrNull("value_dims"), a.IntOrNull("value_output_dims"), a.Bool("bias", false)),
            "TransformerEncoderLayer" => new TransformerEncoderLayer(
                a.Int("dims"), a.Int("num_heads"), a.IntOrNull("mlp_dims"), a.Float("dropout", 0f), activation, a.Bool("norm_first", true)),
            "TransformerDecoderLayer" => new TransformerDecoderLayer(
                a.Int("dims"), a.Int("num_heads"), a.IntOrNull("mlp_dims"), a.Float("dropout", 0f), activation, a.Bool("norm_first", true)),
            "TransformerEncoder" => new TransformerEncoder(
                a.Int("num_layers"), a.Int("dims"), a.Int("num_heads"), a.IntOrNull("mlp_dims"), a.Float("dropout", 0f), activation,
                a.Bool("norm_first", true), a.Bool("checkpoint", false)),
            "TransformerDecoder" => new TransformerDecoder(
                a.Int("num_layers"), a.Int("dims"), a.Int("num_heads"), a.IntOrNull("mlp_dims"), a.Float("dropout", 0f), activation,
                a.Bool("norm_first", true), a.Bool("checkpoint", false)),
            "Transformer" => new Transformer(
                a.Int("dims", 512), a.Int("num_heads", 8), a.Int("num_encoder_layers", 6), a.Int("num_decoder_layers", 6),
                a.IntOrNull("mlp_dims"),
                a.Float("dropout", 0f), activation: activation, normFirst: a.Bool("norm_first", true),
                checkpoint: a.Bool("checkpoint", false)),
            "Upsample" => Upsample(a),
            "QuantizedLinear" => new QuantizedLinear(
                a.Int("input_dims"), a.Int("output_dims"), a.Bool("bias", true), a.IntOrNull("group_size"), a.IntOrNull("bits"),
                a.Text("mode", "affine")),
            "QuantizedEmbedding" => new QuantizedEmbedding(
                a.Int("num_embeddings"), a.Int("dims"), a.IntOrNull("group_size"), a.IntOrNull("bits"), a.Text("mode", "affine")),
            _ => MakeSpatial(layer, a) ?? MakeActivation(layer, a) ?? throw new ArgumentException("No such layer: " + layer),
        };
    }

    /// <summary>Calls a layer with the arguments of the figures.</summary>
    public static MlxArray[] Call(Module layer, MlxArray[] x, Arguments call = default) => layer switch
    {
        Bilinear l => [l.Forward(x[0], x[1])],
        RoPE l => [l.Forward(x[0], call.Int("offset", 0))],
        ALiBi l => [l.Forward(x[0], call.Int("offset", 0), call.Array("mask"))],
        LSTM l => l.Forward(x[0], Second(x, call), x.ElementAtOrDefault(2) ?? call.Array("cell")) is var (hidden, cell)
            ? [hidden, cell]
            : [],
        RNN l => [l.Forward(x[0], Second(x, call))],
        GRU l => [l.Forward(x[0], Second(x, call))],
        MultiHeadAttention l when call.IsText("mask") => [l.Forward(x[0], x[1], x[2], call.Text("mask", ""))],
        MultiHeadAttention l => [l.Forward(x[0], x[1], x[2], call.Array("mask"))],
        TransformerEncoderLayer l => [l.Forward(x[0], call.Array("mask"))],
        TransformerEncoder l => [l.Forward(x[0], call.Array("mask"))],
        TransformerDecoderLayer l => [l.Forward(x[0], x[1], call.Array("x_mask"), call.Array("memory_mask"))],
        TransformerDecoder l => [l.Forward(x[0], x[1], call.Array("x_mask"), call.Array("memory_mask"))],
        Transformer l => [l.Forward(x[0], x[1], call.Array("src_mask"), call.Array("tgt_mask"), call.Array("memory_mask"))],
        IUnaryModule l => [l.Forward(x[0])],
        _ => throw new ArgumentException("Cannot call " + layer.GetType().Name),
    };

    private static Upsample Upsample(Arguments a)
    {
        UpsampleMode mode = Enum.Parse<UpsampleMode>(a.Text("mode", "nearest"), ignoreCase: true);
        double[] scales = a.Doubles("scale_factor");
        (bool align, bool antialias) = (a.Bool("align_corners", false), a.Bool("antialias", false));
        return scales.Length == 1 ? new(scales[0], mode, align, antialias) : new(scales, mode, align, antialias);
    }

    private static MlxArray? Second(MlxArray[] x, Arguments call) => x.ElementAtOrDefault(1) ?? call.Array("hidden");

    private static Func<MlxArray, MlxArray> Activation(string name) => name switch
    {
        "tanh" => Activations.Tanh,
        "relu" => Activations.Relu,
        "sigmoid" => Activations.Sigmoid,
        "gelu" => Activations.Gelu,
        "silu" => Activations.Silu,
        _ => throw new ArgumentException("No such activation: " + name),
    };

    private static Module? MakeSpatial(string layer, Arguments a)
    {
        int One(string name, int otherwise) => a.Ints(name, otherwise, 1)[0];
        int ins = a.Int("in_channels", 0), outs = a.Int("out_channels", 0), groups = a.Int("groups", 1);
        bool bias = a.Bool("bias", true);
        return layer switch
        {
            "Conv1d" => new Conv1d(ins, outs, One("kernel_size", 1), One("stride", 1), One("padding", 0), One("dilation", 1), groups, bias),
            "Conv2d" => new Conv2d(ins, outs, a.Size2("kernel_size", 1), a.Size2("stride", 1), a.Size2("padding", 0),
                a.Size2("dilation", 1), groups, bias),
            "Conv3d" => new Conv3d(ins, outs, a.Size3("kernel_size", 1), a.Size3("stride", 1), a.Size3("padding", 0),
                a.Size3("dilation", 1), bias),
            "ConvTranspose1d" => new ConvTranspose1d(
                ins, outs, One("kernel_size", 1), One("stride", 1), One("padding", 0), One("dilation", 1), One("output_padding", 0), bias),
            "ConvTranspose2d" => new ConvTranspose2d(
                ins, outs, a.Size2("kernel_size", 1), a.Size2("stride", 1), a.Size2("padding", 0), a.Size2("dilation", 1),
                a.Size2("output_padding", 0), bias),
            "ConvTranspose3d" => new ConvTranspose3d(
                ins, outs, a.Size3("kernel_size", 1), a.Size3("stride", 1), a.Size3("padding", 0), a.Size3("dilation", 1),
                a.Size3("output_padding", 0), bias),
            "MaxPool1d" => new MaxPool1d(One("kernel_size", 1), a.Has("stride", out _) ? One("stride", 1) : null, One("padding", 0)),
            "AvgPool1d" => new AvgPool1d(One("kernel_size", 1), a.Has("stride", out _) ? One("stride", 1) : null, One("padding", 0)),
            "MaxPool2d" => new MaxPool2d(a.Size2("kernel_size", 1), a.Has("stride", out _)
                ? a.Size2("stride", 1)
                : null, a.Size2("padding", 0)),
            "AvgPool2d" => new AvgPool2d(a.Size2("kernel_size", 1), a.Has("stride", out _)
                ? a.Size2("stride", 1)
                : null, a.Size2("padding", 0)),
            "MaxPool3d" => new MaxPool3d(a.Size3("kernel_size", 1), a.Has("stride", out _)
                ? a.Size3("stride", 1)
                : null, a.Size3("padding", 0)),
            "AvgPool3d" => new AvgPool3d(a.Size3("kernel_size", 1), a.Has("stride", out _)
                ? a.Size3("stride", 1)
                : null, a.Size3("padding", 0)),
            _ => null,
        };
    }

    private static Module? MakeActivation(string layer, Arguments a) => layer switch
    {
        "Sigmoid" => new Sigmoid(),
        "Mish" => new Mish(),
        "ReLU" => new ReLU(),
        "ReLU2" => new ReLU2(),
        "ReLU6" => new ReLU6(),
        "Softmax" => new Softmax(),
        "Softplus" => new Softplus(),
        "Softsign" => new Softsign(),
        "SiLU" => new SiLU(),
        "LogSoftmax" => new LogSoftmax(),
        "LogSigmoid" => new LogSigmoid(),
        "Tanh" => new Tanh(),
        "Hardswish" => new HardSwish(),
        "SELU" => new SELU(),
        "HardTanh" => new HardTanh(),
        "Softmin" => new Softmin(),
        "LeakyReLU" => new LeakyReLU(a.Float("negative_slope", 0.01f)),
        "ELU" => new ELU(a.Float("alpha", 1f)),
        "CELU" => new CELU(a.Float("alpha", 1f)),
        "Softshrink" => new Softshrink(a.Float("lambd", 0.5f)),
        "HardShrink" => new HardShrink(a.Float("lambd", 0.5f)),
        "Step" => new Step(a.Float("threshold", 0f)),
        "GLU" => new GLU(a.Int("axis", -1)),
        "GELU" => new GELU(a.Text("approx", "none") switch
        {
            "none" => GELUApproximation.None,
            "precise" or "tanh" => GELUApproximation.Precise,
            _ => GELUApproximation.Fast,
        }),
        "PReLU" => new PReLU(a.Int("num_parameters", 1), a.Float("init", 0.25f)),
        _ => null,
    };
}
