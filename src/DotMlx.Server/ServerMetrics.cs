using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace DotMlx.Server;

/// <summary>Request and token counts for <c>/metrics</c> in the Prometheus text format and for the meter <c>DotMlx.Server</c>.</summary>
internal sealed class ServerMetrics
{
    private static readonly Meter Meter = new("DotMlx.Server");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("dotmlx.server.requests", "{request}",
        "Requests answered");
    private static readonly Counter<long> Prompt = Meter.CreateCounter<long>("dotmlx.server.prompt_tokens", "{token}",
        "Tokens of prompts");
    private static readonly Counter<long> Generated = Meter.CreateCounter<long>("dotmlx.server.generated_tokens", "{token}",
        "Tokens generated");
    private readonly ConcurrentDictionary<(string Path, int Status), long> _requests = new();
    private long _prompt;
    private long _generated;

    internal void Answered(string path, int status)
    {
        _requests.AddOrUpdate((path, status), 1, (_, count) => count + 1);
        Requests.Add(1, new KeyValuePair<string, object?>("path", path), new KeyValuePair<string, object?>("status", status));
    }

    internal void Used(long prompt, long generated)
    {
        Interlocked.Add(ref _prompt, prompt);
        Interlocked.Add(ref _generated, generated);
        Prompt.Add(prompt);
        Generated.Add(generated);
    }

    internal string Text(int running, int waiting)
    {
        StringBuilder text = new();
        text.AppendLine("# HELP dotmlx_requests_total Requests answered.").AppendLine("# TYPE dotmlx_requests_total counter");
        foreach (((string path, int status), long count) in _requests.OrderBy(item => item.Key.Path, StringComparer.Ordinal)
            .ThenBy(item => item.Key.Status))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"dotmlx_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}");
        }
        Add("dotmlx_prompt_tokens_total", "counter", "Tokens of prompts.", Interlocked.Read(ref _prompt));
        Add("dotmlx_generated_tokens_total", "counter", "Tokens generated.", Interlocked.Read(ref _generated));
        Add("dotmlx_running", "gauge", "Texts being generated.", running);
        Add("dotmlx_waiting", "gauge", "Requests that wait.", waiting);
        Add("dotmlx_memory_active_bytes", "gauge", "Memory used by arrays.", Mx.GetActiveMemory());
        Add("dotmlx_memory_peak_bytes", "gauge", "Peak memory used by arrays.", Mx.GetPeakMemory());
        return text.Replace("\r\n", "\n").ToString();

        void Add(string name, string type, string help, long value) =>
            text.AppendLine(CultureInfo.InvariantCulture, $"# HELP {name} {help}")
                .AppendLine(CultureInfo.InvariantCulture, $"# TYPE {name} {type}")
                .AppendLine(CultureInfo.InvariantCulture, $"{name} {value}");
    }
}
