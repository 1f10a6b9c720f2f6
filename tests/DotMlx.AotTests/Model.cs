using DotMlx;
using DotMlx.NN;

namespace DotMlx.AotTests;

/// <summary>Three levels of modules with every kind of member that the generator supports.</summary>
internal sealed partial class Model : Module
{
    public Embedding Tokens { get; } = new(12, 8);

    public List<Block> Layers { get; } = [new(), new()];

    public Dictionary<string, MlxArray> Gains { get; } = new() { ["out"] = Mx.Ones(8) };

    public Holder<Linear> Head { get; } = new() { Inner = new Linear(8, 12) };

    [Buffer]
    public MlxArray Steps { get; private set; } = Mx.Zeros(1);

    public MlxArray Forward(MlxArray tokens)
    {
        MlxArray x = Tokens.Forward(tokens);
        foreach (Block layer in Layers)
        {
            x = layer.Forward(x);
        }
        return Head.Inner.Forward(x * Gains["out"]);
    }
}

internal sealed partial class Block : Module
{
    [Parameter("norm")]
    private readonly LayerNorm _norm = new(8);

    public readonly Mlp Mlp = new();

    public Dropout Dropout { get; } = new(0.1f);

    public MlxArray Forward(MlxArray x) => x + Dropout.Forward(Mlp.Forward(_norm.Forward(x)));
}

internal sealed partial class Mlp : Module
{
    public Linear GateProj { get; } = new(8, 16);

    public Sequential DownProj { get; } = new(new GELU(), new Linear(16, 8));

    public MlxArray Forward(MlxArray x) => DownProj.Forward(GateProj.Forward(x));
}

internal sealed partial class Holder<T> : Module
    where T : Module
{
    public required T Inner { get; init; }
}
