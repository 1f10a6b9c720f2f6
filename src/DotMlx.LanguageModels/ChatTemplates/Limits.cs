namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>The limits of templates, which are untrusted because they come with downloaded models.</summary>
internal static class Limits
{
    /// <summary>The maximum number of characters of a template.</summary>
    public const int MaxTemplateLength = 10_000_000;

    /// <summary>The maximum number of characters of a string that a template creates, and of its output.</summary>
    public const int MaxTextLength = 16 * 1024 * 1024;

    /// <summary>The maximum number of items of a list that a template creates.</summary>
    public const int MaxListLength = 1_000_000;

    /// <summary>
    /// The maximum number of evaluated expressions and statements. Every 8 characters or items created or read count as one.
    /// </summary>
    public const long Steps = 30_000_000;

    /// <summary>The maximum depth of nested calls.</summary>
    public const int Calls = 100;

    /// <summary>The maximum depth of nested expressions and statements.</summary>
    public const int Depth = 200;

    /// <summary>The maximum number of chained operators and filters.</summary>
    public const int Chain = 1000;

    public static TemplateFault TextTooLong() => new($"makes a text of more than {MaxTextLength} characters");

    public static TemplateFault ListTooLong() => new($"makes a list of more than {MaxListLength} items");
}
