using System.Diagnostics;
using System.Net.Http.Json;
using System.Net;
using DotMlx.Tests.Shared;

namespace DotMlx.Samples.Tests;

/// <summary>The program of docs/serving-predictions.md answers several clients at once while it trains.</summary>
internal sealed class ServingTests
{
    private static readonly float[][] Points = [[0.1f, 0.2f], [0f, -0.5f], [1.5f, 1.5f], [-1.9f, 0f]];

    [Test]
    public void ThePageShowsTheProgram()
    {
        string root = Checkout.Root;
        string page = File.ReadAllText(Path.Combine(root, "docs/serving-predictions.md")).ReplaceLineEndings("\n");
        string program = File.ReadAllText(Path.Combine(root, "samples/Serving/Program.cs")).ReplaceLineEndings("\n");
        Assert.That(page, Does.Contain("```csharp file=samples/Serving/Program.cs\n" + program + "```\n"));
    }

    /// <summary>Starting a process and training take a few seconds.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task ClientsGetAnswersOfWholeModelsWhileItTrains(CancellationToken token)
    {
        await using Server server = await Server.Start(token, "--steps=800");

        Prediction[] answers = [.. (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ask(server, token)))).SelectMany(each => each)];

        Assert.That(answers.Select(answer => answer.Step).Distinct().Count(), Is.GreaterThan(1), "models of several steps answered");
        foreach (IGrouping<int, Prediction> step in answers.GroupBy(answer => answer.Step))
        {
            Assert.That(step.Select(answer => string.Join(" ", answer.Inside)).Distinct()
                .Count(), Is.EqualTo(1), $"one model answers for step {step.Key}");
        }

        float[] last = answers.MaxBy(answer => answer.Step)!.Inside;
        Assert.That(last.Select(inside => inside > 0.5f), Is.EqualTo(new[] { true, true, false, false }), string.Join(" ", last));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task ExcessRequestsAreRejectedAndCanceledOnesDoNotDisturbOthers(CancellationToken token)
    {
        await using Server server = await Server.Start(token, "--steps=1000000", "--permits=1", "--queue=0");
        float[][] many = [.. Enumerable.Range(0, 10_000).Select(i => new[] { i / 5000f, 0f })];
        HttpStatusCode[] codes = [];
        while (!(codes.Contains(HttpStatusCode.OK) && codes.Contains(HttpStatusCode.ServiceUnavailable)))
        {
            codes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
            {
                using HttpResponseMessage response = await server.Client.PostAsJsonAsync("predictions", many, token);
                return response.StatusCode;
            }));
            Assert.That(codes.Distinct(), Is.SubsetOf(new[] { HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable }));
        }

        using (var impatient = CancellationTokenSource.CreateLinkedTokenSource(token))
        {
            impatient.CancelAfter(1);
            Assert.That(
                async () => { while (true) { (await server.Client.PostAsJsonAsync("predictions", many, impatient.Token)).Dispose(); } },
                Throws.InstanceOf<OperationCanceledException>());
        }

        HttpResponseMessage answer;
        while ((answer = await server.Client.PostAsJsonAsync("predictions", Points, token)).StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            answer.Dispose();
        }

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await server.Client.PostAsJsonAsync("predictions", new[] { new[] { 1f } }, token)).StatusCode,
            Is.EqualTo(HttpStatusCode.BadRequest).Or.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    private static async Task<List<Prediction>> Ask(Server server, CancellationToken token)
    {
        List<Prediction> answers = [];
        while (answers.Count == 0 || answers[^1].Step < 800)
        {
            using HttpResponseMessage response = await server.Client.PostAsJsonAsync("predictions", Points, token);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), server.Output);
            answers.Add((await response.Content.ReadFromJsonAsync<Prediction>(token))!);
        }

        return answers;
    }

    internal sealed record Prediction(int Step, float[] Inside);

    private sealed class Server : IAsyncDisposable
    {
        private const string Listening = "Now listening on: ";
        private readonly Process _process;
        private readonly System.Text.StringBuilder _output = new();

        private Server(Process process) => _process = process;

        public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(1) };

        public string Output
        {
            get
            {
                lock (_output)
                {
                    return _output.ToString();
                }
            }
        }

        public static async Task<Server> Start(CancellationToken token, params string[] options)
        {
            string program = Path.Combine(AppContext.BaseDirectory, "Serving.dll");
            var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
                ?? "dotnet", [program, "--urls=http://127.0.0.1:0", .. options])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            var server = new Server(Process.Start(start)!);
            var address = new TaskCompletionSource<string>();
            void Read(object sender, DataReceivedEventArgs e)
            {
                lock (server._output)
                {
                    server._output.AppendLine(e.Data);
                }

                if (e.Data?.IndexOf(Listening, StringComparison.Ordinal) is { } at and >= 0)
                {
                    address.TrySetResult(e.Data[(at + Listening.Length)..].Trim());
                }
            }

            server._process.OutputDataReceived += Read;
            server._process.ErrorDataReceived += Read;
            server._process.BeginOutputReadLine();
            server._process.BeginErrorReadLine();
            Task ended = server._process.WaitForExitAsync(token);
            Assert.That(await Task.WhenAny(address.Task, ended), Is.SameAs(address.Task), () => server.Output);
            server.Client.BaseAddress = new Uri(await address.Task + "/");
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
