using DotMlx.NN;

namespace DotMlx.Optimizers;

public abstract partial class Optimizer
{
    /// <summary>
    /// Updates a model with gradients: <see cref="ApplyGradients"/> on its parameters, and the new ones put into the model. Evaluate
    /// afterwards: <c>Mx.Eval(model.Parameters(), optimizer.State)</c>.
    /// </summary>
    /// <param name="model">The model; only parameters that have a gradient change.</param>
    /// <param name="gradients">Gradients in the structure of the model's parameters, or a part of it.</param>
    /// <exception cref="ArgumentException">A gradient has no parameter, or another shape; the message names the path.</exception>
    public void Update(Module model, Tree gradients)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Update(ApplyGradients(gradients, model.Parameters()));
    }
}
