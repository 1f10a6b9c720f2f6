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

    /// <summary>
    /// A compiled form of <see cref="ApplyGradients"/>: MLX fuses the arithmetic of each parameter into one kernel, several times faster
    /// for models with many small parameters. The first call for each structure and set of shapes traces; then state, step
    /// and schedules advance as ever. To compile a whole training step, pass the optimizer to <c>Mx.Compile</c> as input and output.
    /// </summary>
    /// <returns>A function of gradients and parameters that gives the new parameters.</returns>
    /// <remarks>Call <see cref="Init"/> first, or the second call traces again, because the first one creates the state.</remarks>
    public Func<Tree, Tree, Tree> Compile() => Mx.Compile<Tree, Tree, Tree>(ApplyGradients, [this], [this]);
}
