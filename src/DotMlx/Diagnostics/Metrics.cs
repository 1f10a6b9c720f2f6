using System.Diagnostics.Metrics;

namespace DotMlx;

/// <summary>The meter <c>DotMlx</c>; its observable instruments compute their values only when they are observed.</summary>
internal static class Metrics
{
    private static readonly Meter Meter = new("DotMlx");
    private static readonly Counter<long> CompileHits = Meter.CreateCounter<long>(
        "dotmlx.compile.cache_hits", "{call}", "Calls of compiled functions that reused a graph");

    private static readonly Counter<long> CompileTraces = Meter.CreateCounter<long>(
        "dotmlx.compile.traces", "{call}", "Calls of compiled functions that traced a graph");

    static Metrics()
    {
        Meter.CreateObservableUpDownCounter("dotmlx.arrays.live", () => LiveArrays.Count, "{array}",
            "Arrays neither disposed nor found unreachable");
        Meter.CreateObservableCounter("dotmlx.arrays.created", () => LiveArrays.CreatedTotal, "{array}", "Arrays made");
        Meter.CreateObservableCounter("dotmlx.evaluations", () => Evaluation.Count, "{evaluation}", "Evaluations");
        Meter.CreateObservableGauge("dotmlx.memory.active", Mx.GetActiveMemory, "By", "Memory used by arrays");
        Meter.CreateObservableGauge("dotmlx.memory.peak", Mx.GetPeakMemory, "By", "Peak memory used by arrays");
        Meter.CreateObservableGauge("dotmlx.memory.cache", Mx.GetCacheMemory, "By", "Memory kept for reuse");
    }

    /// <summary>Publishes the meter; called when a thread first uses the library.</summary>
    internal static void Publish() => _ = Meter.Name;

    internal static void CompiledCall(bool cacheHit) => (cacheHit ? CompileHits : CompileTraces).Add(1);
}
