using System.Net;
using System.Text.Json.Nodes;

namespace DotMlx.Server.Tests;

internal sealed class ServerTests
{
    [Test]
    public async Task CompletionsContinueTextsAndTokens()
    {
        await using Served served = await Served.StartAsync();
        JsonNode two = await ReadAsync(await served.PostAsync("v1/completions", """{"prompt": ["Once upon", "Two"], "max_tokens": 5}"""));
        JsonNode tokens = await ReadAsync(await served.PostAsync(
            "v1/completions", $$"""{"prompt": [{{string.Join(',', served.Model.Tokenizer!.Encode("Two"))}}], "max_tokens": 5}"""));
        const string Long = """{"prompt": "Once upon a time there was a kangaroo in Brisbane", "max_tokens": 5}""";
        _ = await ReadAsync(await served.PostAsync("v1/completions", Long));
        JsonNode again = await ReadAsync(await served.PostAsync("v1/completions", Long));
        Assert.Multiple(() =>
        {
            Assert.That(two["choices"]!.AsArray(), Has.Count.EqualTo(2));
            Assert.That((string?)tokens["choices"]![0]!["text"], Is.EqualTo((string?)two["choices"]![1]!["text"]));
            Assert.That((int)two["usage"]!["completion_tokens"]!, Is.EqualTo(10));
            Assert.That((int)two["usage"]!["prompt_tokens_details"]!["cached_tokens"]!, Is.Zero);
            Assert.That((int)again["usage"]!["prompt_tokens_details"]!["cached_tokens"]!,
                Is.EqualTo((int)again["usage"]!["prompt_tokens"]! - 1));
            Assert.That((string?)two["choices"]![0]!["finish_reason"], Is.EqualTo("length"));
        });
    }

    [Test]
    public async Task CompletionsGiveLogProbabilities()
    {
        await using Served served = await Served.StartAsync();
        JsonNode whole = await ReadAsync(await served.PostAsync("v1/completions",
            """{"prompt": "Once upon", "max_tokens": 5, "logprobs": 2}"""));
        HttpResponseMessage response = await served.PostAsync("v1/completions",
            """{"prompt": "Once upon", "max_tokens": 5, "logprobs": 2, "stream": true}""");
        JsonNode[] chunks = [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Select(line => JsonNode.Parse(line["data: ".Length..])!["choices"]![0]!["logprobs"]!)];
        JsonNode logprobs = whole["choices"]![0]!["logprobs"]!;
        string[] tokens = [.. logprobs["tokens"]!.AsArray().Select(token => (string)token!)];
        Assert.Multiple(() =>
        {
            Assert.That(tokens, Has.Length.EqualTo(5));
            Assert.That(string.Concat(tokens), Is.EqualTo((string?)whole["choices"]![0]!["text"]));
            Assert.That((int)logprobs["text_offset"]![1]!, Is.EqualTo(tokens[0].Length));
            Assert.That(logprobs["top_logprobs"]![0]!.AsObject(), Has.Count.EqualTo(2));
            Assert.That((double)logprobs["top_logprobs"]![0]![tokens[0]]!, Is.EqualTo((double)logprobs["token_logprobs"]![0]!));
            Assert.That(chunks.SelectMany(chunk => chunk["tokens"]!.AsArray()).Select(token => (string)token!), Is.EqualTo(tokens));
            Assert.That(
                chunks.SelectMany(chunk => chunk["text_offset"]!.AsArray())
                    .Select(offset => (int)offset!), Is.EqualTo(logprobs["text_offset"]!.AsArray().Select(offset => (int)offset!)));
        });
    }

    [Test]
    public async Task BadRequestsAreExplained()
    {
        await using Served served =
            await Served.StartAsync(change: options => options with { MaxPromptTokens = 30, MaxRequestBytes = 2000 });
        await Expect("v1/chat/completions", "{", HttpStatusCode.BadRequest, "isn't a JSON object");
        await Expect("v1/chat/completions", "{}", HttpStatusCode.BadRequest, "'messages' must be");
        await Expect("v1/chat/completions", """{"messages": [{"role": "judge", "content": "x"}]}""", HttpStatusCode.BadRequest, "'judge'");
        await Expect("v1/chat/completions", """{"messages": [{"role": "user", "content": "x"}], "max_tokens": "many"}""",
            HttpStatusCode.BadRequest, "'max_tokens' must be a whole number");
        await Expect("v1/chat/completions", """{"messages": [{"role": "user", "content": "x"}], "top_logprobs": 2}""",
            HttpStatusCode.BadRequest, "needs 'logprobs'");
        await Expect("v1/chat/completions", """{"messages": [{"role": "user", "content": "x"}], "logprobs": true, "top_logprobs": 21}""",
            HttpStatusCode.BadRequest, "from 0 to 20");
        await Expect("v1/chat/completions", """{"messages": [{"role": "user", "content": "x"}], "logit_bias": {"a": 1}}""",
            HttpStatusCode.BadRequest, "'logit_bias' must be");
        await Expect("v1/completions", """{"prompt": "x", "logprobs": 9}""", HttpStatusCode.BadRequest, "from 0 to 5");
        await Expect("v1/completions", """{"prompt": ""}""", HttpStatusCode.BadRequest, "no tokens");
        await Expect("v1/completions", $$"""{"prompt": "{{string.Concat(Enumerable.Repeat("word ", 40))}}"}""",
            HttpStatusCode.BadRequest, "at most 30");
        await Expect("v1/completions", $$"""{"prompt": "{{new string('x', 3000)}}"}""", HttpStatusCode.RequestEntityTooLarge, "too large");
        await Expect("v1/embeddings", """{"input": 5}""", HttpStatusCode.BadRequest, "'input' must be");
        await Expect("v1/images", "{}", HttpStatusCode.NotFound, "/v1/images");
        HttpResponseMessage plain = await served.Http.PostAsync(new Uri("v1/completions", UriKind.Relative), new StringContent("{}"));
        Assert.That(plain.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
        using HttpRequestMessage foreign = new(HttpMethod.Get, new Uri(served.Server.Address, "health"))
            { Headers = { Host = "evil.example" } };
        Assert.That((await served.Http.SendAsync(foreign)).StatusCode, Is.EqualTo(HttpStatusCode.MisdirectedRequest));

        async Task Expect(string path, string json, HttpStatusCode status, string message)
        {
            HttpResponseMessage response = await served.PostAsync(path, json);
            string body = await response.Content.ReadAsStringAsync();
            Assert.That(response.StatusCode, Is.EqualTo(status), body);
            Assert.That((string?)JsonNode.Parse(body)!["error"]!["message"], Does.Contain(message));
        }
    }

    [Test]
    public async Task AFullQueueRejectsRequests()
    {
        await using Served served =
            await Served.StartAsync(change: options => options with { Scheduler = new() { MaxRunning = 1, MaxWaiting = 1 } });
        HttpResponseMessage[] responses = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(_ => served.PostAsync("v1/completions", """{"prompt": "Once", "max_tokens": 40}""")));
        Assert.Multiple(() =>
        {
            Assert.That(responses.Select(response => response.StatusCode), Has.Some.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(responses.Select(response => response.StatusCode), Has.Some.EqualTo(HttpStatusCode.OK));
            Assert.That(responses.First(response => response.StatusCode == HttpStatusCode.TooManyRequests).Headers.RetryAfter, Is.Not.Null);
        });
    }

    [Test]
    public async Task AClientThatGoesAwayFreesItsPlace()
    {
        await using Served served = await Served.StartAsync();
        using (CancellationTokenSource source = new())
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "v1/completions")
            {
                Content = new StringContent("""{"prompt": "Once", "max_tokens": 4000, "stream": true}""", System.Text.Encoding.UTF8,
                    "application/json"),
            };
            using HttpResponseMessage response =
                await served.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, source.Token);
            using Stream stream = await response.Content.ReadAsStreamAsync(source.Token);
            await stream.ReadExactlyAsync(new byte[100], source.Token);
            await source.CancelAsync();
        }
        JsonNode health = await Until(served, node => (int)node["running"]! == 0);
        Assert.That((string?)health["status"], Is.EqualTo("ok"));
    }

    [Test]
    public async Task ARequestThatTakesTooLongEnds()
    {
        await using Served served =
            await Served.StartAsync(change: options => options with { Timeout = TimeSpan.FromMilliseconds(100), MaxTokens = 100_000 });
        HttpResponseMessage response = await served.PostAsync("v1/completions", """{"prompt": "Once", "max_tokens": 100000}""");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.RequestTimeout));
    }

    [Test]
    public async Task MetricsCountWhatWasDone()
    {
        await using Served served = await Served.StartAsync();
        await served.PostAsync("v1/completions", """{"prompt": "Once", "max_tokens": 3}""");
        string metrics = await served.Http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Multiple(() =>
        {
            Assert.That(metrics, Does.Contain("dotmlx_generated_tokens_total 3\n"));
            Assert.That(metrics, Does.Contain("dotmlx_requests_total{path=\"/v1/completions\",status=\"200\"} 1\n"));
        });
    }

    [Test]
    public async Task AnEncoderGivesEmbeddingsOnly()
    {
        await using Served served = await Served.StartAsync("bert");
        JsonNode embeddings = await ReadAsync(await served.PostAsync("v1/embeddings", """{"input": "one"}"""));
        HttpResponseMessage chat = await served.PostAsync("v1/chat/completions", """{"messages": [{"role": "user", "content": "x"}]}""");
        Assert.Multiple(() =>
        {
            Assert.That(embeddings["data"]![0]!["embedding"]!.AsArray(), Is.Not.Empty);
            Assert.That(chat.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        });
    }

    [Test]
    public Task ManyStreamsLoseNothing() => Streams(TimeSpan.FromSeconds(1));

    [Test]
    [Explicit("Takes a minute.")]
    public Task ManyStreamsLoseNothingForAMinute() => Streams(TimeSpan.FromMinutes(1));

    [Test]
    public async Task AStoppedServerEndsItsStreams()
    {
        Served served = await Served.StartAsync(change: options => options with { MaxTokens = 100_000 });
        Task<string>[] streams = [.. Enumerable.Range(0, 5).Select(_ => StreamAsync(served, 100_000))];
        await Until(served, node => (int)node["running"]! == 5);
        await served.Server.StopAsync();
        string[] ends = await Task.WhenAll(streams);
        await served.DisposeAsync();
        Assert.That(ends, Is.All.Contains("The server is being stopped"));
    }

    /// <summary>Fifty clients repeat requests until the time is up, and get all generated text.</summary>
    private static async Task Streams(TimeSpan time)
    {
        const int Clients = 50;
        await using Served served = await Served.StartAsync();
        DateTime end = DateTime.UtcNow + time;
        int[][] counts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            List<int> tokens = [];
            do
            {
                string text = await StreamAsync(served, 8);
                Assert.That(text, Does.EndWith("data: [DONE]"));
                string last = text.Split("\n\n")[^2]["data: ".Length..];
                tokens.Add((int)JsonNode.Parse(last)!["usage"]!["completion_tokens"]!);
            }
            while (DateTime.UtcNow < end);
            return tokens.ToArray();
        }));
        string metrics = await served.Http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Multiple(() =>
        {
            Assert.That(counts.SelectMany(tokens => tokens), Is.All.InRange(1, 8));
            Assert.That(metrics, Does.Contain($"dotmlx_generated_tokens_total {counts.Sum(tokens => tokens.Sum())}\n"));
            Assert.That(metrics, Does.Contain("dotmlx_running 0\n").And.Contain("dotmlx_waiting 0\n"));
        });
    }

    private static async Task<string> StreamAsync(Served served, int tokens)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent(
                $$"""{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": {{tokens}}, "stream": true, "stream_options": {"include_usage": true} }""",
                System.Text.Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await served.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return (await response.Content.ReadAsStringAsync()).TrimEnd();
    }

    private static async Task<JsonNode> Until(Served served, Func<JsonNode, bool> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while (true)
        {
            JsonNode health = JsonNode.Parse(await served.Http.GetStringAsync(new Uri("health", UriKind.Relative), patience.Token))!;
            if (condition(health))
            {
                return health;
            }
            await Task.Delay(10, patience.Token);
        }
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), body);
        return JsonNode.Parse(body)!;
    }
}
