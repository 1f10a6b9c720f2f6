using DotMlx.NN;

namespace DotMlx.Samples.CharLm;

/// <summary>The size of a model; all that is needed to make it again.</summary>
internal sealed record ModelSize(int Vocabulary, int Dims, int Heads, int Layers);

/// <summary>A decoder-only transformer over characters, in the manner of Llama.</summary>
internal sealed partial class CharModel : Module
{
    public CharModel(ModelSize size, float dropout = 0f)
    {
        EmbedTokens = new(size.Vocabulary, size.Dims);
        for (int i = 0; i < size.Layers; i++)
        {
            Layers.Add(new(size.Dims, size.Heads, dropout));
        }
        Norm = new(size.Dims);
        LmHead = new(size.Dims, size.Vocabulary, bias: false);
    }

    public Embedding EmbedTokens { get; }

    public List<Block> Layers { get; } = [];

    public RMSNorm Norm { get; }

    public Linear LmHead { get; }

    /// <summary>The logits of the next character at every position.</summary>
    /// <param name="tokens">Shape (batch, length), int32.</param>
    /// <param name="caches">One per layer when decoding; null when training.</param>
    public MlxArray Forward(MlxArray tokens, KVCache[]? caches = null)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray x = EmbedTokens.Forward(tokens);
        for (int i = 0; i < Layers.Count; i++)
        {
            x = Layers[i].Forward(x, caches?[i]);
        }
        return scope.Keep(LmHead.Forward(Norm.Forward(x)));
    }
}

/// <summary>One layer: attention and a gated perceptron, each normalized first and added.</summary>
internal sealed partial class Block(int dims, int heads, float dropout) : Module
{
    public Attention SelfAttn { get; } = new(dims, heads);

    public Mlp Mlp { get; } = new(dims);

    public RMSNorm InputLayernorm { get; } = new(dims);

    public RMSNorm PostAttentionLayernorm { get; } = new(dims);

    public Dropout Dropout { get; } = new(dropout);

    public MlxArray Forward(MlxArray x, KVCache? cache)
    {
        MlxArray h = x + Dropout.Forward(SelfAttn.Forward(InputLayernorm.Forward(x), cache));
        return h + Dropout.Forward(Mlp.Forward(PostAttentionLayernorm.Forward(h)));
    }
}

/// <summary>Causal attention with rotary positions.</summary>
internal sealed partial class Attention(int dims, int heads) : Module
{
    private readonly float _scale = 1f / MathF.Sqrt((float)dims / heads);

    public Linear QProj { get; } = new(dims, dims, bias: false);

    public Linear KProj { get; } = new(dims, dims, bias: false);

    public Linear VProj { get; } = new(dims, dims, bias: false);

    public Linear OProj { get; } = new(dims, dims, bias: false);

    public RoPE Rope { get; } = new(dims / heads);

    public MlxArray Forward(MlxArray x, KVCache? cache)
    {
        int offset = cache?.Offset ?? 0;
        MlxArray q = Rope.Forward(SplitHeads(QProj.Forward(x)), offset);
        MlxArray k = Rope.Forward(SplitHeads(KProj.Forward(x)), offset);
        MlxArray v = SplitHeads(VProj.Forward(x));
        if (cache is not null)
        {
            (k, v) = cache.Update(k, v);
        }
        MlxArray attended = Mx.Fast.ScaledDotProductAttention(q, k, v, _scale, "causal");
        return OProj.Forward(Mx.Flatten(Mx.Transpose(attended, 0, 2, 1, 3), -2, -1));
    }

    private MlxArray SplitHeads(MlxArray x) => Mx.Transpose(Mx.Unflatten(x, -1, [heads, -1]), 0, 2, 1, 3);
}

/// <summary>The gated perceptron.</summary>
internal sealed partial class Mlp(int dims) : Module
{
    public Linear GateProj { get; } = new(dims, Inner(dims), bias: false);

    public Linear UpProj { get; } = new(dims, Inner(dims), bias: false);

    public Linear DownProj { get; } = new(Inner(dims), dims, bias: false);

    public MlxArray Forward(MlxArray x) => DownProj.Forward(Activations.Silu(GateProj.Forward(x)) * UpProj.Forward(x));

    // A multiple of 32, so that every weight can be quantized in groups.
    private static int Inner(int dims) => ((8 * dims / 3) + 31) / 32 * 32;
}
