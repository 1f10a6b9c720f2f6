namespace DotMlx.NN;

/// <summary>What a <see cref="Transformer"/> takes as encoder.</summary>
public interface ITransformerEncoder
{
    /// <summary>Encodes.</summary>
    /// <param name="x">Input of shape (batch, length, dims).</param>
    /// <param name="mask">For the attention; null for none.</param>
    MlxArray Forward(MlxArray x, MlxArray? mask = null);
}

/// <summary>What a <see cref="Transformer"/> takes as decoder.</summary>
public interface ITransformerDecoder
{
    /// <summary>Decodes.</summary>
    /// <param name="x">Input of shape (batch, length, dims).</param>
    /// <param name="memory">The encoder's output.</param>
    /// <param name="xMask">For self-attention; null for none.</param>
    /// <param name="memoryMask">For cross-attention; null for none.</param>
    MlxArray Forward(MlxArray x, MlxArray memory, MlxArray? xMask = null, MlxArray? memoryMask = null);
}

/// <summary>An encoder-decoder transformer (<c>nn.Transformer</c>).</summary>
public sealed partial class Transformer : Module
{
    /// <summary>Makes the transformer.</summary>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="numEncoderLayers">Layers of the encoder.</param>
    /// <param name="numDecoderLayers">Layers of the decoder.</param>
    /// <param name="mlpDims">The size inside the perceptrons; null for four times the model's.</param>
    /// <param name="dropout">The probability of dropping.</param>
    /// <param name="activation">Of the perceptrons; null for ReLU.</param>
    /// <param name="customEncoder">A module to use as encoder; null for the standard one.</param>
    /// <param name="customDecoder">A module to use as decoder; null for the standard one.</param>
    /// <param name="normFirst">Whether normalization comes first in each layer.</param>
    /// <param name="checkpoint">Whether each layer is computed again for its gradient instead of kept.</param>
    public Transformer(
        int dims = 512, int numHeads = 8, int numEncoderLayers = 6, int numDecoderLayers = 6, int? mlpDims = null, double dropout = 0.0,
        Func<MlxArray, MlxArray>? activation = null, ITransformerEncoder? customEncoder = null, ITransformerDecoder? customDecoder = null,
        bool normFirst = true, bool checkpoint = false)
    {
        Encoder = customEncoder ?? new TransformerEncoder(numEncoderLayers, dims, numHeads, mlpDims, dropout, activation, normFirst, checkpoint);
        Decoder = customDecoder ?? new TransformerDecoder(numDecoderLayers, dims, numHeads, mlpDims, dropout, activation, normFirst, checkpoint);
    }

    /// <summary>The encoder.</summary>
    public ITransformerEncoder Encoder { get; private set; }

    /// <summary>The decoder.</summary>
    public ITransformerDecoder Decoder { get; private set; }

    // The interfaces may be implemented by anything; what is a module takes part with its parameters.
    [Parameter("encoder")]
    private Module? EncoderModule
    {
        get => Encoder as Module;
        set => Encoder = (ITransformerEncoder)value!;
    }

    [Parameter("decoder")]
    private Module? DecoderModule
    {
        get => Decoder as Module;
        set => Decoder = (ITransformerDecoder)value!;
    }

    /// <summary>Encodes the source and decodes the target.</summary>
    /// <param name="src">Source of shape (batch, length, dims).</param>
    /// <param name="tgt">Target of shape (batch, target length, dims).</param>
    /// <param name="srcMask">For the encoder; null for none.</param>
    /// <param name="tgtMask">For the decoder's self-attention; null for none.</param>
    /// <param name="memoryMask">For the decoder's cross-attention; null for none.</param>
    /// <returns>An array of the shape of the target.</returns>
    public MlxArray Forward(MlxArray src, MlxArray tgt, MlxArray? srcMask = null, MlxArray? tgtMask = null, MlxArray? memoryMask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Decoder.Forward(tgt, Encoder.Forward(src, srcMask), tgtMask, memoryMask));
    }
}
