using DotMlx.LanguageModels.ChatTemplates;
using DotMlx.LanguageModels.ChatTemplates.Syntax;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels;

/// <summary>
/// Converts a conversation into the prompt text that a model was trained on, with the Jinja template of the model. The result matches that
/// of transformers. All members are thread-safe.
/// </summary>
/// <remarks>
/// A template is untrusted code. It sees only the values that it receives. Its steps, depth, and output are limited, and it can't access
/// files, types, or the network.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly Template _template;

    private ChatTemplate(string source, string name, Template template) => (Source, Name, _template) = (source, name, template);

    /// <summary>The source text of the template.</summary>
    public string Source { get; }

    /// <summary>The name of the template in error messages: the path of its file, or the name passed to <see cref="Parse"/>.</summary>
    public string Name { get; }

    /// <summary>
    /// Loads a template of a model from <c>chat_template.jinja</c> and <c>additional_chat_templates</c>, or else from
    /// <c>tokenizer_config.json</c>, which contains a template or a list of named templates.
    /// </summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <param name="name">The name of the template, such as <c>tool_use</c>; null for the default template.</param>
    /// <returns>The template, or null if the model has no template with this name.</returns>
    /// <exception cref="ChatTemplateException">The template is invalid or uses an unsupported feature.</exception>
    /// <exception cref="InvalidDataException"><c>tokenizer_config.json</c> is invalid.</exception>
    public static ChatTemplate? Load(string folder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return TemplateFiles.Find(folder, name ?? TemplateFiles.Default) is var (source, path) ? Parse(source, path) : null;
    }

    /// <summary>Returns the names of a model's templates. An unnamed template has the name <c>default</c>.</summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <exception cref="InvalidDataException"><c>tokenizer_config.json</c> is invalid.</exception>
    public static IReadOnlyList<string> NamesIn(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return [.. TemplateFiles.All(folder).Keys];
    }

    /// <summary>Parses a template.</summary>
    /// <param name="source">The source text of the template.</param>
    /// <param name="name">The name of the template in error messages.</param>
    /// <exception cref="ChatTemplateException">The template is invalid or uses an unsupported feature.</exception>
    public static ChatTemplate Parse(string source, string name = "the template")
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        return new ChatTemplate(source, name, Guarded(name, () => Parser.Parse(source)));
    }

    /// <summary>Renders a conversation with the variables that transformers' <c>apply_chat_template</c> passes.</summary>
    /// <param name="messages">
    /// The messages: a list of dictionaries with <c>role</c>, <c>content</c>, and other entries that the template reads.
    /// </param>
    /// <param name="tools">The descriptions of the functions that the model may call, as JSON schemas, or null.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with the beginning of the model's answer.</param>
    /// <param name="specialTokens">The tokenizer's <see cref="Tokenizer.SpecialTokens"/>.</param>
    /// <param name="more">Additional template variables, such as <c>enable_thinking</c>. They override the other variables.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; null for the system clock.</param>
    /// <exception cref="ChatTemplateException">The template fails or rejects the conversation.</exception>
    /// <exception cref="ArgumentException">A value has a type that templates don't support.</exception>
    public string Render(
        IEnumerable<object?> messages, IEnumerable<object?>? tools = null, bool addGenerationPrompt = false,
        IReadOnlyDictionary<string, string>? specialTokens = null, IReadOnlyDictionary<string, object?>? more = null,
            TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages, ["tools"] = tools, ["documents"] = null, ["add_generation_prompt"] = addGenerationPrompt,
        };
        foreach ((string name, string token) in specialTokens ?? new Dictionary<string, string>())
            variables[name] = token;
        foreach ((string name, object? value) in more ?? new Dictionary<string, object?>())
            variables[name] = value;
        return Render(variables, time);
    }

    /// <summary>Renders the template with the given variables only.</summary>
    /// <param name="variables">
    /// The variables of the template: <c>messages</c>, <c>tools</c>, <c>add_generation_prompt</c>, <c>bos_token</c>, and so on. Values can
    /// be null, Booleans, integers, floating-point numbers, strings, lists, dictionaries with string keys, and nodes and elements of
    /// System.Text.Json.
    /// </param>
    /// <param name="time">The clock of <c>strftime_now</c>; null for the system clock.</param>
    /// <exception cref="ChatTemplateException">The template fails or rejects the conversation.</exception>
    /// <exception cref="ArgumentException">A variable has a type that templates don't support.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return Guarded(Name, () =>
        {
            var scope = new Scope(null);
            foreach ((string name, object? value) in variables)
                scope.Set(name, Conversion.ToValue(value, name));
            var run = new Run(time ?? TimeProvider.System);
            var own = new Scope(scope);
            foreach (string name in _template.Hidden)
                own.Set(name, Undefined.Name(name));
            new Executor(run, own).Execute(_template.Body);
            return run.Output.ToString();
        });
    }

    private static T Guarded<T>(string name, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(name, Math.Max(fault.Line, 1), fault.Message, fault.IsRefusal, fault);
        }
        catch (InsufficientExecutionStackException error)
        {
            throw new ChatTemplateException(name, 1, "values, calls, or expressions are nested too deeply", false, error);
        }
    }
}
