using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>The example of docs/custom-optimizers.md.</summary>
internal sealed class NesterovAdam : Optimizer
{
    private readonly float _beta1;
    private readonly float _beta2;
    private readonly float _eps;

    public NesterovAdam(float learningRate, float beta1 = 0.9f, float beta2 = 0.999f, float eps = 1e-8f)
    {
        (_beta1, _beta2, _eps) = (beta1, beta2, eps);
        MaybeSchedule("learning_rate", learningRate);
    }

    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        state["m"] = Mx.ZerosLike(parameter);
        state["v"] = Mx.ZerosLike(parameter);
    }

    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray rate = LearningRate.AsType(gradient.DType);
        MlxArray step = Step.AsType(gradient.DType);

        MlxArray m = (_beta1 * state["m"].Array) + ((1 - _beta1) * gradient);
        MlxArray v = (_beta2 * state["v"].Array) + ((1 - _beta2) * Mx.Square(gradient));
        state["m"] = m;
        state["v"] = v;

        MlxArray ahead = (_beta1 * m / (1 - Mx.Power(_beta1, step + 1))) + ((1 - _beta1) * gradient / (1 - Mx.Power(_beta1, step)));
        MlxArray scale = Mx.Sqrt(v / (1 - Mx.Power(_beta2, step))) + _eps;
        return parameter - (rate * ahead / scale);
    }
}
