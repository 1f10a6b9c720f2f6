namespace DotMlx.NN;

/// <summary>The encoder of a <see cref="Transformer"/>.</summary>
public interface ITransformerEncoder
{
    /// <summary>Encodes the input.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="mask">The attention mask; null for none.</param>
    MlxArray Forward(MlxArray x, MlxArray? mask = null);
}

/// <summary>The decoder of a <see cref="Transformer"/>.</summary>
public interface ITransformerDecoder
{
    /// <summary>Decodes the input.</summary>
    /// <param name="x">The input, of shape (batch, length, dims).</param>
    /// <param name="memory">The encoder's output.</param>
    /// <param name="xMask">The mask for self-attention; null for none.</param>
    /// <param name="memoryMask">The mask for cross-attention; null for none.</param>
    MlxArray Forward(MlxArray x, MlxArray memory, MlxArray? xMask = null, MlxArray? memoryMask = null);
}

/// <summary>An encoder-decoder transformer (<c>nn.Transformer</c>).</summary>
public sealed partial class Transformer : Module
{
    /// <summary>Creates the transformer.</summary>
    /// <param name="dims">The size of the model.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="numEncoderLayers">The number of encoder layers.</param>
    /// <param name="numDecoderLayers">The number of decoder layers.</param>
    /// <param name="mlpDims">The hidden size of the feed-forward networks; null for four times the model's size.</param>
    /// <param name="dropout">The dropout probability.</param>
    /// <param name="activation">The activation of the feed-forward networks; null for ReLU.</param>
    /// <param name="customEncoder">A module to use as the encoder; null for the standard encoder.</param>
    /// <param name="customDecoder">A module to use as the decoder; null for the standard decoder.</param>
    /// <param name="normFirst">Whether each layer normalizes before attention and feed-forward network, instead of after.</param>
    /// <param name="checkpoint">Whether to recompute each layer for its gradient instead of storing its intermediate results.</param>
    public Transformer(
        int dims = 512, int numHeads = 8, int numEncoderLayers = 6, int numDecoderLayers = 6, int? mlpDims = null, double dropout = 0.0,
        Func<MlxArray, MlxArray>? activation = null, ITransformerEncoder? customEncoder = null, ITransformerDecoder? customDecoder = null,
        bool normFirst = true, bool checkpoint = false)
    {
        Encoder = customEncoder
            ?? new TransformerEncoder(numEncoderLayers, dims, numHeads, mlpDims, dropout, activation, normFirst, checkpoint);
        Decoder = customDecoder
            ?? new TransformerDecoder(numDecoderLayers, dims, numHeads, mlpDims, dropout, activation, normFirst, checkpoint);
    }

    /// <summary>The encoder.</summary>
    public ITransformerEncoder Encoder { get; private set; }

    /// <summary>The decoder.</summary>
    public ITransformerDecoder Decoder { get; private set; }

    // Any class may implement the interfaces, but only a module contributes parameters.
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
    /// <param name="src">The source, of shape (batch, length, dims).</param>
    /// <param name="tgt">The target, of shape (batch, target length, dims).</param>
    /// <param name="srcMask">The mask for the encoder; null for none.</param>
    /// <param name="tgtMask">The mask for the decoder's self-attention; null for none.</param>
    /// <param name="memoryMask">The mask for the decoder's cross-attention; null for none.</param>
    /// <returns>An array with the shape of the target.</returns>
    public MlxArray Forward(MlxArray src, MlxArray tgt, MlxArray? srcMask = null, MlxArray? tgtMask = null, MlxArray? memoryMask = null)
    {
        using MlxScope scope = MlxScope.Begin();
        return scope.Keep(Decoder.Forward(tgt, Encoder.Forward(src, srcMask), tgtMask, memoryMask));
    }
}
