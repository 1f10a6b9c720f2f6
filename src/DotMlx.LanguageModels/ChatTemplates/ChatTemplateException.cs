namespace DotMlx.LanguageModels;

/// <summary>
/// A chat template is broken, fails, or refuses a conversation; <see cref="Exception.Message"/> names the template and the line.
/// </summary>
public sealed class ChatTemplateException : Exception
{
    internal ChatTemplateException(string template, int line, string reason, bool isRefusal, Exception? inner)
        : base(isRefusal ? reason : $"{template}, line {line}: {reason}", inner) =>
        (Template, Line, Reason, IsRefusal) = (template, line, reason, isRefusal);

    /// <summary>The template: the path of its file, or the name that it was given.</summary>
    public string Template { get; }

    /// <summary>The line of the template, counted from 1.</summary>
    public int Line { get; }

    /// <summary>What is wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>
    /// Whether the template itself refused, by <c>raise_exception</c>: <see cref="Exception.Message"/> is its text alone.
    /// </summary>
    public bool IsRefusal { get; }
}

/// <summary>A fault on its way to a <see cref="ChatTemplateException"/>.</summary>
internal sealed class TemplateFault(string reason, int line = 0, bool isRefusal = false) : Exception(reason)
{
    public int Line { get; set; } = line;

    public bool IsRefusal { get; } = isRefusal;
}
