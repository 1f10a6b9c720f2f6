namespace DotMlx.Optimizers;

/// <summary>A schedule of the library: builds its value from the step without objects for intermediate results.</summary>
internal abstract class ScheduleFunction
{
    /// <summary>The schedule as a delegate.</summary>
    public Schedule AsSchedule() => At;

    /// <summary>The value at a step, as a node of a graph.</summary>
    public abstract Value Build(Arithmetic x, Value step);

    /// <summary>Calls any schedule inside a graph; what a foreign one returns stays alive until the operation is done.</summary>
    protected static Value Call(Schedule schedule, Arithmetic x, Value step)
    {
        if (schedule.Target is ScheduleFunction function)
        {
            return function.Build(x, step);
        }

        // The schedule may keep its argument, and the step is still needed here.
        MlxArray value = schedule(Arithmetic.Share(step)) ?? throw new InvalidOperationException("A schedule returned null instead of an array.");
        return x.Copy(value);
    }

    private MlxArray At(MlxArray step)
    {
        ArgumentNullException.ThrowIfNull(step);
        using Arithmetic x = new();
        MlxArray result = x.Keep(Build(x, x.Use(step)));
        GC.KeepAlive(step);
        return result;
    }
}
