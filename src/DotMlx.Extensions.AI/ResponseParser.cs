using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI;

/// <summary>
/// Splits the output of a model into text, reasoning (<c>&lt;think&gt;</c>), and function calls. Text that may be the beginning of a call
/// is held back until more text decides.
/// </summary>
internal sealed class ResponseParser(IReadOnlyCollection<string> tools, bool beginsWithReasoning)
{
    private const string ThinkStart = "<think>";
    private const string ThinkEnd = "</think>";
    private const string CallStart = "<tool_call>";
    private const string CallEnd = "</tool_call>";

    private string _pending = "";
    private Part _part = beginsWithReasoning ? Part.Reasoning : Part.Start;

    private enum Part
    {
        Start,
        Text,
        Reasoning,
        Call,
        WholeCall,
    }

    /// <summary>The number of calls found so far.</summary>
    internal int Calls { get; private set; }

    internal IEnumerable<AIContent> Add(string text)
    {
        _pending += text;
        List<AIContent> found = [];
        while (Step(found))
        {
        }
        return found;
    }

    internal IEnumerable<AIContent> Finish()
    {
        List<AIContent> found = [];
        if (_part == Part.Reasoning)
        {
            Emit(found, _pending, isReasoning: true);
        }
        else if (_part is Part.Call or Part.WholeCall)
        {
            EmitCalls(found, _pending, _part == Part.Call ? CallStart + _pending : _pending);
        }
        else
        {
            Emit(found, _pending, isReasoning: false);
        }
        _pending = "";
        return found;
    }

    /// <summary>Takes one part from the pending text. Returns false if more text is needed.</summary>
    private bool Step(List<AIContent> found)
    {
        switch (_part)
        {
            case Part.Start:
                return StepFromStart(found);
            case Part.Text:
                return ConsumeUntil(found, tools.Count > 0 ? CallStart : null, Part.Call, isReasoning: false);
            case Part.Reasoning:
                return ConsumeUntil(found, ThinkEnd, Part.Start, isReasoning: true);
            case Part.Call when _pending.IndexOf(CallEnd, StringComparison.Ordinal) is >= 0 and var end:
                EmitCalls(found, _pending[..end], CallStart + _pending[..(end + CallEnd.Length)]);
                _pending = _pending[(end + CallEnd.Length)..].TrimStart();
                _part = Part.Text;
                return true;
            default:
                return false;
        }
    }

    private bool StepFromStart(List<AIContent> found)
    {
        string trimmed = _pending.TrimStart();
        if (trimmed.StartsWith(ThinkStart, StringComparison.Ordinal))
        {
            _pending = trimmed[ThinkStart.Length..];
            _part = Part.Reasoning;
            return true;
        }
        if (trimmed.Length == 0 || ThinkStart.StartsWith(trimmed, StringComparison.Ordinal))
        {
            return false;
        }
        if (tools.Count > 0 && MayBeWholeCall(trimmed) is not false and var may)
        {
            _part = may == true ? Part.WholeCall : _part;
            return false;
        }
        _part = Part.Text;
        return true;
    }

    /// <summary>Whether an answer that begins with this text may consist only of calls; null if more text is needed to decide.</summary>
    private bool? MayBeWholeCall(string text)
    {
        if (text[0] is '{' or '[' || text.StartsWith("```", StringComparison.Ordinal)
            || text.StartsWith("<|python_tag|>", StringComparison.Ordinal))
        {
            return true;
        }
        if ("```".StartsWith(text, StringComparison.Ordinal) || "<|python_tag|>".StartsWith(text, StringComparison.Ordinal)
            || tools.Any(tool => tool.StartsWith(text, StringComparison.Ordinal)))
        {
            return null;
        }
        return tools.Any(tool => text.StartsWith(tool, StringComparison.Ordinal) && text[tool.Length] is '{' or '[' or '(');
    }

    private bool ConsumeUntil(List<AIContent> found, string? marker, Part next, bool isReasoning)
    {
        int at = marker is null ? -1 : _pending.IndexOf(marker, StringComparison.Ordinal);
        if (at >= 0)
        {
            Emit(found, next == Part.Call ? _pending[..at].TrimEnd() : _pending[..at], isReasoning);
            _pending = _pending[(at + marker!.Length)..];
            _part = next;
            return true;
        }

        // The end of the text may be the beginning of the marker. White space before a call isn't shown.
        int kept = marker is null ? 0 : Enumerable.Range(1, Math.Min(marker.Length - 1, _pending.Length))
            .LastOrDefault(length => marker.StartsWith(_pending[^length..], StringComparison.Ordinal));
        int shown = marker is null || isReasoning ? _pending.Length - kept : _pending[..^kept].TrimEnd().Length;
        Emit(found, _pending[..shown], isReasoning);
        _pending = _pending[shown..];
        return false;
    }

    private void EmitCalls(List<AIContent> found, string text, string raw)
    {
        IReadOnlyList<FunctionCallContent> calls = ToolCallReader.Read(text, tools);
        found.AddRange(calls);
        Calls += calls.Count;
        if (calls.Count == 0)
        {
            Emit(found, raw, isReasoning: false);
        }
    }

    private static void Emit(List<AIContent> found, string text, bool isReasoning)
    {
        if (text.Length > 0)
        {
            found.Add(isReasoning ? new TextReasoningContent(text) : new TextContent(text));
        }
    }
}
