using System.Diagnostics;
using System.Globalization;
using System.Text;
using DotMlx.LanguageModels;
using DotMlx.Tool.Generate;
using Microsoft.Extensions.AI;

namespace DotMlx.Tool.Chat;

/// <summary>Reads messages and commands, and writes answers as they are generated.</summary>
internal sealed class ChatLoop
{
    private const string Prompt = ">>> ";
    private const string Help =
        """
        /help            this list
        /reset           clear the conversation; the system message stays
        /system [TEXT]   set the system message, or remove it
        /retry           answer the last message again
        /history         show the conversation
        /save FILE       write the conversation as JSON
        /load FILE       continue a saved conversation
        /exit            end the chat (or press Ctrl+D)
        A line that ends with \ continues on the next one. Ctrl+C ends an answer.
        """;

    private readonly Terminal _terminal;
    private readonly IChatClient _client;
    private readonly ChatOptions? _options;
    private readonly Conversation _conversation;
    private readonly LineEditor? _editor;

    public ChatLoop(Terminal terminal, IChatClient client, ChatOptions? options, Conversation conversation)
    {
        (_terminal, _client, _options, _conversation) = (terminal, client, options, conversation);
        _editor = terminal.ReadKey is { } readKey ? new(terminal.Output, readKey, () => Console.WindowWidth) : null;
    }

    private bool IsInteractive => _editor is not null;

    /// <summary>Chats until the input or the user ends the chat.</summary>
    /// <returns>The exit code of the program.</returns>
    public int Run()
    {
        if (IsInteractive)
        {
            _terminal.Line("/help lists the commands, /exit ends.");
        }
        while (ReadMessage() is { } line)
        {
            if (line.StartsWith('/'))
            {
                if (!Carry(line))
                {
                    break;
                }
            }
            else if (line.Trim().Length > 0)
            {
                Try(() => Ask(line));
            }
        }
        return ToolCommand.Success;
    }

    /// <summary>Reads a message of one line, or of several lines if they end with a backslash.</summary>
    private string? ReadMessage()
    {
        StringBuilder message = new();
        string prompt = Prompt;
        while ((_editor is null ? _terminal.Input.ReadLine() : _editor.ReadLine(prompt)) is { } line)
        {
            if (!line.EndsWith('\\'))
            {
                return message.Append(line).ToString();
            }
            message.Append(line, 0, line.Length - 1).Append('\n');
            prompt = "... ";
        }
        return message.Length > 0 ? message.ToString() : null;
    }

    /// <summary>Executes a command.</summary>
    /// <returns>Whether the chat continues.</returns>
    private bool Carry(string line)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string argument = parts.Length > 1 ? parts[1] : "";
        if (parts[0] is "/exit" or "/quit")
        {
            return false;
        }
        Try(() => Carry(parts[0], argument));
        return true;
    }

    private void Carry(string command, string argument)
    {
        switch (command)
        {
            case "/help":
                _terminal.Line(Help);
                break;
            case "/reset":
                _conversation.Reset();
                break;
            case "/system":
                _conversation.System = argument.Length > 0 ? argument : null;
                break;
            case "/retry":
                Retry();
                break;
            case "/history":
                foreach (ChatMessage message in _conversation.All)
                {
                    _terminal.Line($"{message.Role.Value}: {message.Text}");
                }
                break;
            case "/save":
                _conversation.Save(Path(command, argument));
                break;
            case "/load":
                _conversation.Load(Path(command, argument));
                _terminal.Note(Units.Plural(_conversation.Turns.Count, "message"));
                break;
            default:
                throw new ToolException($"there is no command '{Units.OneLine(command, 40)}'; /help lists them.");
        }
    }

    private static string Path(string command, string argument) =>
        argument.Length > 0 ? argument : throw new ToolException($"{command} needs the path of a file.");

    private void Retry()
    {
        if (_conversation.Turns is not [.., { } question, { } answer] || answer.Role != ChatRole.Assistant)
        {
            throw new ToolException("there is no answer yet.");
        }
        _conversation.RemoveLast();
        _conversation.RemoveLast();
        Ask(question.Text);
    }

    /// <summary>Reports an error in one line, and continues if a user can correct it. An error in a pipe ends the program.</summary>
    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (IsInteractive
            && exception is ToolException or IOException or UnauthorizedAccessException or ChatTemplateException)
        {
            _terminal.Error.WriteLine(Units.OneLine(exception.Message, 600));
        }
    }

    private void Ask(string text)
    {
        _conversation.Add(ChatRole.User, text);
        StringBuilder answer = new();
        bool complete = false;
        try
        {
            using Interruption interruption = new(IsInteractive);
            Answer(answer, interruption.Token).GetAwaiter().GetResult();
            complete = true;
        }
        catch (OperationCanceledException)
        {
            complete = answer.Length > 0;
            _terminal.Line();
        }
        finally
        {
            // A truncated answer is kept, but a question without an answer is removed.
            if (complete)
            {
                _conversation.Add(ChatRole.Assistant, answer.ToString());
            }
            else
            {
                _conversation.RemoveLast();
            }
        }
    }

    private async Task Answer(StringBuilder answer, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        TimeSpan? first = null;
        bool thought = false;
        await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync(_conversation.All, _options, cancellationToken)
            .ConfigureAwait(false))
        {
            foreach (AIContent content in update.Contents)
            {
                first ??= content is UsageContent ? null : clock.Elapsed;
                switch (content)
                {
                    case TextReasoningContent reasoning when IsInteractive:
                        _terminal.Dim(reasoning.Text);
                        thought = true;
                        break;
                    case TextContent text:
                        Write(answer, thought ? "\n" + text.Text.TrimStart() : text.Text);
                        thought = false;
                        break;
                    case UsageContent usage:
                        _terminal.Line();
                        Tell(usage.Details, first ?? clock.Elapsed, clock.Elapsed);
                        break;
                }
            }
        }
    }

    private void Write(StringBuilder answer, string text)
    {
        answer.Append(text);
        _terminal.Output.Write(text);
        _terminal.Output.Flush();
    }

    private void Tell(UsageDetails usage, TimeSpan first, TimeSpan all)
    {
        int cached = (int)(usage.CachedInputTokenCount ?? 0), read = (int)(usage.InputTokenCount ?? 0) - cached;
        Speed speed = new(read, first, (int)(usage.OutputTokenCount ?? 0), all);
        _terminal.Note(cached == 0 ? speed.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"{speed}; {Units.Count(cached)} cached"));
    }

    /// <summary>Ctrl+C ends the answer instead of the program.</summary>
    private sealed class Interruption : IDisposable
    {
        private readonly CancellationTokenSource _source = new();
        private readonly bool _listens;

        public Interruption(bool listens)
        {
            _listens = listens;
            if (listens)
            {
                Console.CancelKeyPress += OnPressed;
            }
        }

        public CancellationToken Token => _source.Token;

        public void Dispose()
        {
            if (_listens)
            {
                Console.CancelKeyPress -= OnPressed;
            }
            _source.Dispose();
        }

        private void OnPressed(object? sender, ConsoleCancelEventArgs pressed)
        {
            pressed.Cancel = true;
            _source.Cancel();
        }
    }
}
