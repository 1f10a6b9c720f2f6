using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>A block as in Llama, with idiomatic C# names.</summary>
internal sealed partial class LlamaBlock : Module
{
    public LlamaAttention SelfAttn { get; } = new();

    public LlamaMlp Mlp { get; } = new();

    public RMSNorm InputLayernorm { get; } = new(8);

    public RMSNorm PostAttentionLayernorm { get; } = new(8);

    public MlxArray Forward(MlxArray x)
    {
        MlxArray h = Mx.Add(x, SelfAttn.Forward(InputLayernorm.Forward(x)));
        return Mx.Add(h, Mlp.Forward(PostAttentionLayernorm.Forward(h)));
    }
}

internal sealed partial class LlamaAttention : Module
{
    public Linear QProj { get; } = new(8, 8, bias: false);

    public Linear KProj { get; } = new(8, 8, bias: false);

    public Linear VProj { get; } = new(8, 8, bias: false);

    public Linear OProj { get; } = new(8, 8, bias: false);

    public MlxArray Forward(MlxArray x) => OProj.Forward(Mx.Add(QProj.Forward(x), Mx.Multiply(KProj.Forward(x), VProj.Forward(x))));
}

internal sealed partial class LlamaMlp : Module
{
    public Linear GateProj { get; } = new(8, 16, bias: false);

    public Linear DownProj { get; } = new(16, 8, bias: false);

    public Linear UpProj { get; } = new(8, 16, bias: false);

    public MlxArray Forward(MlxArray x) => DownProj.Forward(Mx.Multiply(Activations.Silu(GateProj.Forward(x)), UpProj.Forward(x)));
}

/// <summary>A module with one member of every kind that the generator supports.</summary>
internal sealed partial class Kitchen : Module
{
    [Parameter("hidden")]
    private readonly Linear _hidden = new(2, 2);

    private readonly Dropout _dropout = new(0.5f);

    [NotParameter]
    public Module? Parent { get; set; }

    public Linear First { get; } = new(2, 3);

    public List<IUnaryModule> Layers { get; } = [new Linear(3, 3), new Lambda(Activations.Relu), new ReLU(), new Linear(3, 2, bias: false)];

    public Dictionary<string, MlxArray> Tables { get; } = new() { ["b"] = Mx.Zeros(2), ["a"] = Mx.Ones(3) };

    public MlxArray[] Scales = [Mx.Ones(1), Mx.Ones(2)];

    [Buffer]
    public MlxArray? Count { get; set; } = Mx.Zeros(1);

    public MlxArray? Absent { get; set; }

    public MlxArray Computed => Tables["a"];

    public bool DropoutTrains => _dropout.Training;

    public Linear Hidden => _hidden;

    public MlxArray Forward(MlxArray x)
    {
        MlxArray y = First.Forward(_hidden.Forward(_dropout.Forward(x)));
        foreach (IUnaryModule layer in Layers)
        {
            y = layer.Forward(y);
        }
        return y;
    }
}

internal partial class GenericHolder<T> : Module
    where T : Module
{
    public required T Inner { get; init; }
}

internal sealed partial class Derived : GenericHolder<Linear>
{
    public MlxArray Gain { get; private set; } = Mx.Ones(1);

    public partial class Nested : Module
    {
        public MlxArray Bias { get; } = Mx.Zeros(4);
    }
}
