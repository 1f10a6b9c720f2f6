namespace DotMlx.Optimizers;

/// <summary>The schedules of Python's <c>mlx.optimizers</c>: functions from the step to a hyperparameter.</summary>
public static class Schedules
{
    /// <summary><c>init * decayRate ^ step</c> (Python's <c>exponential_decay</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decayRate">The factor per step.</param>
    public static Schedule ExponentialDecay(double init, double decayRate) => Of(step => init * Mx.Power(decayRate, step));

    /// <summary><c>init * decayRate ^ (step / stepSize)</c>, with the division rounded down (Python's <c>step_decay</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decayRate">The factor applied every <paramref name="stepSize"/> steps.</param>
    /// <param name="stepSize">The number of steps between decays, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="stepSize"/> is less than 1.</exception>
    public static Schedule StepDecay(double init, double decayRate, int stepSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stepSize, 1);
        return Of(step => init * Mx.Power(decayRate, Mx.FloorDivide(step, stepSize)));
    }

    /// <summary>
    /// Follows half a cosine from <paramref name="init"/> to <paramref name="end"/> and is then constant (Python's <c>cosine_decay</c>).
    /// </summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decaySteps">The step at which the schedule reaches <paramref name="end"/>, at least 1.</param>
    /// <param name="end">The final value.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="decaySteps"/> is less than 1.</exception>
    public static Schedule CosineDecay(double init, int decaySteps, double end = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(decaySteps, 1);
        return Of(step => end + (0.5 * (1.0 + Mx.Cos(Math.PI / decaySteps * Mx.Minimum(step, decaySteps))) * (init - end)));
    }

    /// <summary>
    /// Follows a straight line from <paramref name="init"/> to <paramref name="end"/> and is then constant (Python's
    /// <c>linear_schedule</c>).
    /// </summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="end">The value from step <paramref name="steps"/> on.</param>
    /// <param name="steps">The number of steps from <paramref name="init"/> to <paramref name="end"/>, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is less than 1.</exception>
    public static Schedule LinearSchedule(double init, double end, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return Of(step => (Mx.Minimum(step, steps) * ((end - init) / steps)) + init);
    }

    /// <summary>
    /// Joins schedules one after another (Python's <c>join_schedules</c>). Each schedule counts its steps from the boundary where it
    /// starts. All schedules are evaluated at every step, even outside their range.
    /// </summary>
    /// <param name="schedules">At least one schedule.</param>
    /// <param name="boundaries">The steps at which the second, third, … schedule starts: one fewer than the number of schedules.</param>
    /// <exception cref="ArgumentException">There is no schedule, or the number of boundaries doesn't match.</exception>
    public static Schedule JoinSchedules(IReadOnlyList<Schedule> schedules, IReadOnlyList<int> boundaries)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        ArgumentNullException.ThrowIfNull(boundaries);
        if (schedules.Count == 0)
        {
            throw new ArgumentException("Must provide at least 1 schedule to join.", nameof(schedules));
        }

        if (schedules.Count != boundaries.Count + 1)
        {
            throw new ArgumentException(
                $"Received {boundaries.Count} boundaries but expected {schedules.Count - 1}, one fewer than "
                + $"the {schedules.Count} schedules.",
                nameof(boundaries));
        }

        Schedule[] parts = [.. schedules];
        int[] starts = [.. boundaries];
        return Of(step =>
        {
            MlxArray result = Call(parts[0], step, "joined");
            for (int i = 0; i < starts.Length; i++)
            {
                // Before the boundary, the unsigned difference wraps around, but Where masks the value computed from it.
                result = Mx.Where(step < starts[i], result, Call(parts[i + 1], step - starts[i], "joined"));
            }

            return result;
        });
    }

    /// <summary>Calls a schedule. A schedule of the program may keep its argument and its result.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="step">The step.</param>
    /// <param name="name">The name of the hyperparameter.</param>
    internal static MlxArray Call(Schedule schedule, MlxArray step, string name)
    {
        if (schedule.Target is Formula)
        {
            return schedule(step);
        }

        using Arena.Suspension suspension = Arena.Suspend();
        return schedule(MlxArray.CreateUnscoped(Arena.Copy(step)))
            ?? throw new InvalidOperationException($"The schedule of '{name}' returned null instead of an array.");
    }

    private static Schedule Of(Func<MlxArray, MlxArray> formula) => new Formula(formula).At;

    /// <summary>A schedule of the library, which frees its intermediate results.</summary>
    internal sealed class Formula(Func<MlxArray, MlxArray> formula)
    {
        public MlxArray At(MlxArray step)
        {
            ArgumentNullException.ThrowIfNull(step);
            using Arena arena = Arena.Open();
            return arena.Keep(formula(step));
        }
    }
}
