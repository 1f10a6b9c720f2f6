using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace DotMlx.Tool.Chat;

/// <summary>The messages of a chat; as a file, a JSON list of objects with role and content.</summary>
internal sealed class Conversation
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ChatRole[] Roles = [ChatRole.System, ChatRole.User, ChatRole.Assistant];

    private readonly List<ChatMessage> _turns = [];

    /// <summary>The system message, or null.</summary>
    public string? System { get; set; }

    /// <summary>The messages of the user and the model.</summary>
    public IReadOnlyList<ChatMessage> Turns => _turns;

    /// <summary>All messages, with the system message first.</summary>
    public IEnumerable<ChatMessage> All => string.IsNullOrEmpty(System) ? _turns : [new(ChatRole.System, System), .. _turns];

    public void Add(ChatRole role, string text) => _turns.Add(new(role, text));

    /// <summary>Removes the messages of the user and the model.</summary>
    public void Reset() => _turns.Clear();

    /// <summary>Removes the last message.</summary>
    public void RemoveLast() => _turns.RemoveAt(_turns.Count - 1);

    public void Save(string path)
    {
        JsonArray messages = [.. All.Select(message => new JsonObject { ["role"] = message.Role.Value, ["content"] = message.Text })];
        File.WriteAllText(path, messages.ToJsonString(Format) + "\n");
    }

    /// <summary>Replaces the conversation with that of a file.</summary>
    /// <exception cref="ToolException">The file wasn't written by <see cref="Save"/>.</exception>
    public void Load(string path)
    {
        List<ChatMessage> messages = Read(path);
        System = messages is [{ } first, ..] && first.Role == ChatRole.System ? first.Text : null;
        _turns.Clear();
        _turns.AddRange(messages.Skip(System is null ? 0 : 1));
    }

    private static List<ChatMessage> Read(string path)
    {
        try
        {
            JsonArray list = JsonNode.Parse(File.ReadAllText(path)) as JsonArray
                ?? throw new ToolException($"'{path}' doesn't contain a list of messages.");
            return [.. list.Select((item, i) =>
            {
                ChatRole role = new(Text(item, "role") ?? throw new ToolException($"'{path}': message {i + 1} has no role."));
                string content = Text(item, "content") ?? throw new ToolException($"'{path}': message {i + 1} has no content.");
                return Roles.Contains(role) && (role != ChatRole.System || i == 0)
                    ? new ChatMessage(role, content)
                    : throw new ToolException(
                        $"'{path}': message {i + 1} has the role '{role.Value}'; expected user or assistant, and system only first.");
            })];
        }
        catch (JsonException exception)
        {
            throw new ToolException($"'{path}' isn't valid JSON ({Units.OneLine(exception.Message, 200)}).");
        }
    }

    private static string? Text(JsonNode? item, string name) =>
        item is JsonObject message && message[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
