using System.Globalization;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The learning rate of an optimizer, which may be a constant, a schedule, or missing.</summary>
internal static class LearningRates
{
    /// <summary>The learning rate of the last update; null for an optimizer without one, such as Adafactor with relative steps.</summary>
    internal static double? Of(OptimizerBase optimizer)
    {
        try
        {
            return optimizer.LearningRate.Item<float>();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// Describes the learning rate that an optimizer was created with, so that a resumed run can compare it with the checkpoint's.
    /// </summary>
    internal static string Describe(OptimizerBase optimizer) =>
        optimizer.HasLearningRateSchedule ? "schedule" : Of(optimizer)?.ToString("R", CultureInfo.InvariantCulture) ?? "none";

    /// <summary>
    /// Applies the learning rate that the optimizer was created with, unless the checkpoint's optimizer was created with the same one.
    /// </summary>
    /// <param name="optimizer">The optimizer with the state of the checkpoint.</param>
    /// <param name="own">The description of the learning rate that the optimizer was created with.</param>
    /// <param name="found">The description in the checkpoint; null if it has none.</param>
    internal static void Apply(OptimizerBase optimizer, string own, string? found)
    {
        if (own != found && float.TryParse(own, CultureInfo.InvariantCulture, out float rate))
        {
            optimizer.LearningRate = rate;
        }
    }
}
