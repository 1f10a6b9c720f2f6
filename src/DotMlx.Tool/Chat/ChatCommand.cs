using System.CommandLine;
using DotMlx.Extensions.AI;
using DotMlx.LanguageModels;
using DotMlx.Tool.Models;
using Microsoft.Extensions.AI;

namespace DotMlx.Tool.Chat;

/// <summary><c>dotnet mlx chat</c>: a conversation in the terminal, or with one message per line of a pipe.</summary>
internal static class ChatCommand
{
    private const int MaxTokens = 2048;

    public static Command Create(Terminal terminal)
    {
        var system = new Option<string?>("--system") { Description = "The system message, which stays at the beginning." };
        var noThinking = new Option<bool>("--no-thinking")
            { Description = "Ask the chat template to omit the reasoning, if the template supports that." };
        var load = new Option<string?>("--load") { Description = "Continue a conversation that /save wrote." };
        var command = new Command("chat",
            "Chats with a model. /help lists the commands; Ctrl+C ends an answer. If the input is a pipe, each line is a message.");
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { system, noThinking, load })
        {
            command.Options.Add(option);
        }
        SamplingOptions sampling = SamplingOptions.AddTo(command, MaxTokens);
        command.SetAction(result =>
        {
            using LanguageModel model = models.Load(result, terminal);
            using MlxChatClient client = new(model, new() { Generation = sampling.Read(result, model), CachedConversations = 1 });
            ChatOptions? options = result.GetValue(noThinking)
                ? new() { AdditionalProperties = new() { ["chat_template_kwargs"] = new Dictionary<string,
                    object?> { ["enable_thinking"] = false } } }
                : null;
            Conversation conversation = new() { System = result.GetValue(system) };
            if (result.GetValue(load) is { } path)
            {
                conversation.Load(path);
            }
            return new ChatLoop(terminal, client, options, conversation).Run();
        });
        return command;
    }
}
