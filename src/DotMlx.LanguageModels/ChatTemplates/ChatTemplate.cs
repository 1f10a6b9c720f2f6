using DotMlx.LanguageModels.ChatTemplates;
using DotMlx.LanguageModels.ChatTemplates.Syntax;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels;

/// <summary>
/// Turns a conversation into the text that a model was trained on, by the Jinja template that comes with the model, with the result
/// that transformers gives. Safe for use by several threads at once.
/// </summary>
/// <remarks>
/// A template is foreign code. It sees the values that it is given and nothing else, its steps, its depth and its output are bounded,
/// and it cannot reach files, types or the network.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly Template _template;

    private ChatTemplate(string source, string name, Template template) => (Source, Name, _template) = (source, name, template);

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>What errors call the template: the path of its file, or the name that it was given.</summary>
    public string Name { get; }

    /// <summary>
    /// Reads the template of a model: <c>chat_template.jinja</c> (and <c>additional_chat_templates</c>), else what
    /// <c>tokenizer_config.json</c> has, which is one template or a list of named ones.
    /// </summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <param name="name">The template's name, such as <c>tool_use</c>; the default one where it is null.</param>
    /// <returns>The template, or null where the model has none of that name.</returns>
    /// <exception cref="ChatTemplateException">The template is broken, or uses what is not supported.</exception>
    /// <exception cref="InvalidDataException"><c>tokenizer_config.json</c> is broken.</exception>
    public static ChatTemplate? Load(string folder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return TemplateFiles.Find(folder, name ?? TemplateFiles.Default) is var (source, path) ? Parse(source, path) : null;
    }

    /// <summary>The names of the templates that a model has; <c>default</c> is that of the one without a name.</summary>
    /// <param name="folder">The folder of a model in Hugging Face's layout.</param>
    /// <exception cref="InvalidDataException"><c>tokenizer_config.json</c> is broken.</exception>
    public static IReadOnlyList<string> NamesIn(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return [.. TemplateFiles.All(folder).Keys];
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="ChatTemplateException">The template is broken, or uses what is not supported.</exception>
    public static ChatTemplate Parse(string source, string name = "the template")
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        return new ChatTemplate(source, name, Guarded(name, () => Parser.Parse(source)));
    }

    /// <summary>Writes the text of a conversation, with the variables that transformers' <c>apply_chat_template</c> passes.</summary>
    /// <param name="messages">
    /// The messages: a list of dictionaries with <c>role</c>, <c>content</c> and what else the template reads.
    /// </param>
    /// <param name="tools">The descriptions of the functions that the model may call, as JSON schema, or null.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with what begins the model's answer.</param>
    /// <param name="specialTokens">The tokenizer's <see cref="Tokenizer.SpecialTokens"/>.</param>
    /// <param name="more">Variables of this template besides, such as <c>enable_thinking</c>; they go before the others.</param>
    /// <param name="time">The clock of <c>strftime_now</c>; the system's where it is null.</param>
    /// <exception cref="ChatTemplateException">The template fails or refuses the conversation.</exception>
    /// <exception cref="ArgumentException">A value has a type that a template cannot see.</exception>
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

    /// <summary>Writes the text of a template from the variables alone.</summary>
    /// <param name="variables">
    /// What the template can see: <c>messages</c>, <c>tools</c>, <c>add_generation_prompt</c>, <c>bos_token</c> and so on. Values are null,
    /// bool, integers, floating-point numbers, strings, lists, dictionaries with string keys, and nodes and elements of System.Text.Json.
    /// </param>
    /// <param name="time">The clock of <c>strftime_now</c>; the system's where it is null.</param>
    /// <exception cref="ChatTemplateException">The template fails or refuses the conversation.</exception>
    /// <exception cref="ArgumentException">A variable has a type that a template cannot see.</exception>
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
            throw new ChatTemplateException(name, 1, "values, calls or expressions are nested too deep", false, error);
        }
    }
}
