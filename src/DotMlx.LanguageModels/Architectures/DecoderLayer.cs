using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>A decoder layer: attention and a feed-forward part, each added to its input.</summary>
public sealed partial class DecoderLayer : Module
{
    private readonly LayerDescription _description;
    [NotParameter]
    private readonly Dropout? _dropout;

    internal DecoderLayer(
        LayerDescription description, int hiddenSize, NormDescription norm, RotaryEmbedding? rotary, WeightSource weights, string path)
    {
        _description = description;
        _dropout = description.Residual.Dropout > 0 ? new((float)description.Residual.Dropout) : null;
        SelfAttention = new(description.Attention, hiddenSize, norm, rotary, weights, path + ".self_attn");
        FeedForward = FeedForward.Create(description.FeedForward, hiddenSize, weights, $"{path}.{description.FeedForward.Name}");
        BeforeAttention = NormOf(description.Residual.BeforeAttention);
        AfterAttention = NormOf(description.Residual.AfterAttention);
        BeforeFeedForward = NormOf(description.Residual.BeforeFeedForward);
        AfterFeedForward = NormOf(description.Residual.AfterFeedForward);

        Norm? NormOf(string? name) => name is null ? null : new(norm, weights.Get($"{path}.{name}.weight", hiddenSize));
    }

    /// <summary>The attention.</summary>
    [NotParameter]
    public Attention SelfAttention { get; private set; }

    /// <summary>The feed-forward part.</summary>
    [NotParameter]
    public FeedForward FeedForward { get; private set; }

    /// <summary>The norm of the attention's input, or null.</summary>
    [NotParameter]
    public Norm? BeforeAttention { get; private set; }

    /// <summary>The norm of the attention's output, or null.</summary>
    [NotParameter]
    public Norm? AfterAttention { get; private set; }

    /// <summary>The norm of the feed-forward part's input, or null.</summary>
    [NotParameter]
    public Norm? BeforeFeedForward { get; private set; }

    /// <summary>The norm of the feed-forward part's output, or null.</summary>
    [NotParameter]
    public Norm? AfterFeedForward { get; private set; }

    internal MlxArray Forward(MlxArray x, ForwardPass pass, LayerCache? cache)
    {
        using MlxArray attended = Attend(x, pass, cache);
        using MlxArray between = Add(x, attended, AfterAttention, pass);
        using MlxArray fed = Feed(between, pass);
        return Add(between, fed, AfterFeedForward, pass);
    }

    /// <inheritdoc/>
    protected override void AddMembers(ModuleMembers members)
    {
        ArgumentNullException.ThrowIfNull(members);
        ResidualDescription names = _description.Residual;
        members.Add(
            ModuleMember.Create<DecoderLayer, Attention>("self_attn", static m => m.SelfAttention, static (m, v) => m.SelfAttention = v),
            ModuleMember.Create<DecoderLayer, FeedForward>(
                _description.FeedForward.Name, static m => m.FeedForward, static (m, v) => m.FeedForward = v));
        AddNorm(names.BeforeAttention, static m => m.BeforeAttention, static (m, v) => m.BeforeAttention = v);
        AddNorm(names.AfterAttention, static m => m.AfterAttention, static (m, v) => m.AfterAttention = v);
        AddNorm(names.BeforeFeedForward, static m => m.BeforeFeedForward, static (m, v) => m.BeforeFeedForward = v);
        AddNorm(names.AfterFeedForward, static m => m.AfterFeedForward, static (m, v) => m.AfterFeedForward = v);

        void AddNorm(string? name, Func<DecoderLayer, Norm?> get, Action<DecoderLayer, Norm> set)
        {
            if (name is not null)
            {
                members.Add(ModuleMember.Create(name, get, set));
            }
        }
    }

    /// <inheritdoc/>
    protected override void SetTrainingMode(bool mode)
    {
        base.SetTrainingMode(mode);
        _dropout?.Train(mode);
    }

    private MlxArray Attend(MlxArray x, ForwardPass pass, LayerCache? cache)
    {
        if (BeforeAttention is null)
        {
            return SelfAttention.Forward(x, pass, cache);
        }
        using MlxArray normalized = BeforeAttention.Forward(x, pass);
        return SelfAttention.Forward(normalized, pass, cache);
    }

    private MlxArray Feed(MlxArray x, ForwardPass pass)
    {
        if (BeforeFeedForward is null)
        {
            return FeedForward.Forward(x, pass);
        }
        using MlxArray normalized = BeforeFeedForward.Forward(x, pass);
        return FeedForward.Forward(normalized, pass);
    }

    /// <summary>Computes x + scale · dropout(norm(part)).</summary>
    private MlxArray Add(MlxArray x, MlxArray part, Norm? norm, ForwardPass pass)
    {
        MlxArray? made = null;
        try
        {
            if (norm is not null)
            {
                part = made = norm.Forward(part, pass);
            }
            if (_dropout is { Training: true })
            {
                part = Replace(ref made, _dropout.Forward(part));
            }
            if (_description.Residual.Scale != 1)
            {
                part = Replace(ref made, Mx.Multiply(part, (float)_description.Residual.Scale));
            }
            return Mx.Add(x, part);
        }
        finally
        {
            made?.Dispose();
        }
    }

    private static MlxArray Replace(ref MlxArray? made, MlxArray with)
    {
        made?.Dispose();
        return made = with;
    }
}
