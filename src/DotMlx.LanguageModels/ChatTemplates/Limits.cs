namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>How much a template may do: it comes with a model from strangers.</summary>
internal static class Limits
{
    /// <summary>Characters of a template.</summary>
    public const int LongestTemplate = 10_000_000;

    /// <summary>Characters of a text that a template makes, and of its output.</summary>
    public const int LongestText = 16 * 1024 * 1024;

    /// <summary>Items of a list that a template makes.</summary>
    public const int LongestList = 1_000_000;

    /// <summary>Expressions and statements that are evaluated; 8 characters or items that are made or gone through count as one.</summary>
    public const long Steps = 30_000_000;

    /// <summary>Calls within calls.</summary>
    public const int Calls = 100;

    /// <summary>Expressions and statements within each other.</summary>
    public const int Depth = 200;

    /// <summary>Operators and filters in a row.</summary>
    public const int Chain = 1000;

    public static TemplateFault TextTooLong() => new($"makes a text of more than {LongestText} characters");

    public static TemplateFault ListTooLong() => new($"makes a list of more than {LongestList} items");
}
