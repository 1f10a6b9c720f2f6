namespace DotMlx.Optimizers;

/// <summary>
/// A hyperparameter as a function of the step. It receives the number of updates so far (an unsigned 64-bit scalar from an optimizer, but
/// any number works) and returns a scalar. Use only array operations, so that the schedule also works inside compiled functions.
/// </summary>
/// <param name="step">The number of updates before this one: 0 for the first.</param>
public delegate MlxArray Schedule(MlxArray step);
