namespace DotMlx.LanguageModels;

/// <summary>
/// The exception for a chat template that is invalid, fails, or rejects a conversation. <see cref="Exception.Message"/> contains the
/// template and the line.
/// </summary>
public sealed class ChatTemplateException : Exception
{
    internal ChatTemplateException(string template, int line, string reason, bool isRefusal, Exception? inner)
        : base(isRefusal ? reason : $"{template}, line {line}: {reason}", inner) =>
        (Template, Line, Reason, IsRefusal) = (template, line, reason, isRefusal);

    /// <summary>The template: the path of its file, or the name passed to <see cref="ChatTemplate.Parse"/>.</summary>
    public string Template { get; }

    /// <summary>The line of the template, from 1.</summary>
    public int Line { get; }

    /// <summary>The reason without the location.</summary>
    public string Reason { get; }

    /// <summary>
    /// Whether the template rejected the conversation with <c>raise_exception</c>. <see cref="Exception.Message"/> is then only the
    /// template's message.
    /// </summary>
    public bool IsRefusal { get; }
}

/// <summary>An internal error that is converted to a <see cref="ChatTemplateException"/>.</summary>
internal sealed class TemplateFault(string reason, int line = 0, bool isRefusal = false) : Exception(reason)
{
    public int Line { get; set; } = line;

    public bool IsRefusal { get; } = isRefusal;
}
