namespace DotMlx.Optimizers;

/// <summary>The schedules of Python's <c>mlx.optimizers</c>: functions from the step to a hyper-parameter.</summary>
public static class Schedules
{
    /// <summary><c>init * decayRate ^ step</c> (Python's <c>exponential_decay</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decayRate">The factor per step.</param>
    public static Schedule ExponentialDecay(float init, float decayRate) => new Exponential(init, decayRate).AsSchedule();

    /// <summary><c>init * decayRate ^ (step / stepSize)</c>, the division rounded down (Python's <c>step_decay</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decayRate">The factor applied every <paramref name="stepSize"/> steps.</param>
    /// <param name="stepSize">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="stepSize"/> is less than 1.</exception>
    public static Schedule StepDecay(float init, float decayRate, int stepSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stepSize, 1);
        return new Stepwise(init, decayRate, stepSize).AsSchedule();
    }

    /// <summary>Half a cosine from <paramref name="init"/> down to <paramref name="end"/>, constant afterwards (Python's <c>cosine_decay</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="decaySteps">The step at which <paramref name="end"/> is reached, at least 1.</param>
    /// <param name="end">The final value.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="decaySteps"/> is less than 1.</exception>
    public static Schedule CosineDecay(float init, int decaySteps, float end = 0f)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(decaySteps, 1);
        return new Cosine(init, decaySteps, end).AsSchedule();
    }

    /// <summary>A straight line from <paramref name="init"/> to <paramref name="end"/>, constant afterwards (Python's <c>linear_schedule</c>).</summary>
    /// <param name="init">The value at step 0.</param>
    /// <param name="end">The value from step <paramref name="steps"/> on.</param>
    /// <param name="steps">The length of the line, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is less than 1.</exception>
    public static Schedule LinearSchedule(float init, float end, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return new Linear(init, end, steps).AsSchedule();
    }

    /// <summary>
    /// One schedule after another (Python's <c>join_schedules</c>). Each one counts its steps from the boundary where it begins.
    /// All schedules are evaluated at every step, also outside their part.
    /// </summary>
    /// <param name="schedules">At least one schedule.</param>
    /// <param name="boundaries">The steps at which the second, third, … schedule begins: one fewer than schedules.</param>
    /// <exception cref="ArgumentException">There is no schedule, or the number of boundaries does not fit.</exception>
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
                $"Received {boundaries.Count} boundaries but expected {schedules.Count - 1}, one fewer than the {schedules.Count} schedules.",
                nameof(boundaries));
        }

        return new Joined([.. schedules], [.. boundaries]).AsSchedule();
    }

    private sealed class Exponential(float init, float decayRate) : ScheduleFunction
    {
        private readonly Constant _init = new(Constant.Exact(init));
        private readonly Constant _decayRate = new(Constant.Exact(decayRate));

        public override Value Build(Arithmetic x, Value step) => _init * step.Beside(_decayRate).Power(step);
    }

    private sealed class Stepwise(float init, float decayRate, int stepSize) : ScheduleFunction
    {
        private readonly Constant _init = new(Constant.Exact(init));
        private readonly Constant _decayRate = new(Constant.Exact(decayRate));
        private readonly Constant _stepSize = new((long)stepSize);

        public override Value Build(Arithmetic x, Value step)
        {
            Value times = step.FloorDivide(_stepSize);
            return _init * times.Beside(_decayRate).Power(times);
        }
    }

    private sealed class Cosine(float init, int decaySteps, float end) : ScheduleFunction
    {
        private readonly Constant _decaySteps = new((long)decaySteps);
        private readonly Constant _frequency = new(Math.PI / decaySteps);
        private readonly Constant _range = new(Constant.Exact(init) - Constant.Exact(end));
        private readonly Constant _end = new(Constant.Exact(end));
        private readonly Constant _half = new(0.5);
        private readonly Constant _one = new(1.0);

        public override Value Build(Arithmetic x, Value step)
        {
            Value angle = _frequency * step.Minimum(_decaySteps);
            Value decay = _half * (_one + angle.Cos());
            return _end + (decay * _range);
        }
    }

    private sealed class Linear(float init, float end, int steps) : ScheduleFunction
    {
        private readonly Constant _steps = new((long)steps);
        private readonly Constant _slope = new((Constant.Exact(end) - Constant.Exact(init)) / steps);
        private readonly Constant _init = new(Constant.Exact(init));

        public override Value Build(Arithmetic x, Value step) => (step.Minimum(_steps) * _slope) + _init;
    }

    private sealed class Joined(Schedule[] schedules, int[] boundaries) : ScheduleFunction
    {
        private readonly Constant[] _boundaries = [.. boundaries.Select(boundary => new Constant((long)boundary))];

        public override Value Build(Arithmetic x, Value step)
        {
            Value result = Call(schedules[0], x, step);
            for (int i = 0; i < _boundaries.Length; i++)
            {
                // Before the boundary the unsigned difference wraps around; the value made of it is masked.
                Value next = Call(schedules[i + 1], x, step - _boundaries[i]);
                result = Value.Where(step.Less(_boundaries[i]), result, next);
            }

            return result;
        }
    }
}
