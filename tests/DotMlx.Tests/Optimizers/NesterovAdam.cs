using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>The example of docs/custom-optimizers.md.</summary>
internal sealed class NesterovAdam : Optimizer
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _eps;

    public NesterovAdam(double learningRate, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8)
    {
        (_beta1, _beta2, _eps) = (beta1, beta2, eps);
        SetHyperparameter("learning_rate", learningRate);
    }

    protected override void InitSingle(MlxArray parameter, TreeDictionary state)
    {
        state["m"] = Mx.ZerosLike(parameter);
        state["v"] = Mx.ZerosLike(parameter);
    }

    protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        MlxArray m = (_beta1 * state["m"].Array) + ((1 - _beta1) * gradient);
        MlxArray v = (_beta2 * state["v"].Array) + ((1 - _beta2) * Mx.Square(gradient));
        state["m"] = m;
        state["v"] = v;

        MlxArray next = OncePerDType("next", gradient, () => _beta1 / (1 - Mx.Power(_beta1, Step + 1)));
        MlxArray now = OncePerDType("now", gradient, () => (1 - _beta1) / (1 - Mx.Power(_beta1, Step)));
        MlxArray correction = OncePerDType("correction", gradient, () => 1 / (1 - Mx.Power(_beta2, Step)));
        return parameter - (Rate(gradient) * ((next * m) + (now * gradient)) / (Mx.Sqrt(correction * v) + _eps));
    }

    protected override bool IsElementwise => true;
}
