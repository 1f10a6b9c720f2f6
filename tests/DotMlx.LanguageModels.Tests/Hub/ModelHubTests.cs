using System.Collections.Concurrent;
using System.Net;
using DotMlx.LanguageModels.Hub;
using Microsoft.AspNetCore.Http;

namespace DotMlx.LanguageModels.Tests.Hub;

public sealed class ModelHubTests
{
    private string _cache = "";
    private TestHub _hub = null!;

    [SetUp]
    public async Task Start()
    {
        _cache = Directory.CreateTempSubdirectory("dotmlx-hub").FullName;
        _hub = await TestHub.StartAsync(TestModels.Folder("qwen3"));
    }

    [TearDown]
    public async Task Stop()
    {
        await _hub.DisposeAsync();
        Directory.Delete(_cache, recursive: true);
    }

    private HubOptions Options => new()
    {
        Endpoint = _hub.Endpoint,
        CacheFolder = _cache,
        Offline = false,
        Token = "secret",
        Retries = 10,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        StallTimeout = TimeSpan.FromSeconds(20),
    };

    [Test]
    public async Task DownloadedModelIsLaidOutLikePythonsAndLoads()
    {
        string folder = await ModelHub.DownloadAsync(_hub.Repository, Options);
        string root = Path.Combine(_cache, "models--org--name");
        Assert.That(folder, Is.EqualTo(Path.Combine(root, "snapshots", TestHub.Commit)));
        Assert.That(File.ReadAllText(Path.Combine(root, "refs", "main")), Is.EqualTo(TestHub.Commit));
        foreach (string file in Directory.EnumerateFiles(TestModels.Folder("qwen3"), "*.safetensors")
            .Select(path => Path.GetFileName(path)!))
        {
            if (file == "expected.safetensors")
            {
                Assert.That(File.Exists(Path.Combine(folder, file)), Is.False, "a file that the model doesn't need was downloaded");
                continue;
            }
            Assert.That(File.ReadAllBytes(Path.Combine(folder, file)),
                Is.EqualTo(File.ReadAllBytes(Path.Combine(TestModels.Folder("qwen3"), file))));
            if (!OperatingSystem.IsWindows())
            {
                Assert.That(
                    new FileInfo(Path.Combine(folder, file)).ResolveLinkTarget(true)!.FullName,
                    Is.EqualTo(Path.Combine(root, "blobs", _hub.DigestOf(file))));
            }
        }
        using LanguageModel model = await LanguageModel.LoadAsync(_hub.Repository, hub: Options);
        Assert.That(model.Folder, Is.EqualTo(folder));
        Assert.That(ModelHub.FindCached(_hub.Repository, Options), Is.EqualTo(folder));
    }

    [Test]
    public async Task CachedFilesAreNotDownloadedAgain()
    {
        await ModelHub.DownloadAsync(_hub.Repository, Options);
        _hub.Requests.Clear();
        await ModelHub.DownloadAsync(_hub.Repository, Options);
        Assert.That(_hub.Requests.Select(request => request.Path), Is.EqualTo(new[] { "/api/models/org/name/revision/main" }));
    }

    [Test]
    public async Task TokenReachesTheHubButNotTheStorageHost()
    {
        _hub.Token = "secret";
        await ModelHub.DownloadAsync(_hub.Repository, Options);
        Assert.That(_hub.Requests.Where(request => request.Host == "127.0.0.1"),
            Has.All.Matches<(string, string, string, bool HasToken)>(r => r.HasToken));
        Assert.That(_hub.Requests.Where(request => request.Host == "localhost"),
            Is.Not.Empty.And.All.Matches<(string, string, string, bool HasToken)>(r => !r.HasToken));
    }

    [Test]
    public async Task CutConnectionIsResumed()
    {
        _hub.CutAfter = 100_000;
        string folder = await ModelHub.DownloadAsync(_hub.Repository, Options);
        Assert.That(_hub.Requests.Count(request => request.Range.StartsWith("bytes=", StringComparison.Ordinal)), Is.GreaterThan(1));
        AssertWhole(folder);
    }

    [Test]
    public async Task ServerThatIgnoresRangesIsReadFromTheStart()
    {
        int cuts = 0;
        _hub.IgnoresRanges = true;
        _hub.Intercept = context =>
        {
            _hub.CutAfter = context.Request.Path.StartsWithSegments("/storage") && cuts++ == 0 ? 100_000 : null;
            return Task.FromResult(false);
        };
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
    }

    [Test]
    public async Task CanceledDownloadLeavesNothingThatCountsAsWholeAndContinues()
    {
        using CancellationTokenSource source = new();
        _hub.CutAfter = 50_000;
        HubOptions cancelling = Options with
        {
            Progress = new Reporter(progress => { if (progress.FileBytes > 0
                && progress.FileBytes < progress.FileSize) { source.Cancel(); } }),
        };
        Assert.That(async () => await ModelHub.DownloadAsync(_hub.Repository, cancelling, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(ModelHub.FindCached(_hub.Repository, Options), Is.Null);
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options with { Offline = true }),
            Throws.InstanceOf<FileNotFoundException>());
        Assert.That(Directory.EnumerateFiles(Path.Combine(_cache, "models--org--name", "blobs"), "*.incomplete"), Is.Not.Empty);
        _hub.CutAfter = null;
        _hub.Requests.Clear();
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
        Assert.That(_hub.Requests, Has.Some.Matches<(string, string, string Range, bool)>(request => request.Range.Length > 0));
    }

    [Test]
    public async Task ConnectionThatIsCutEveryTimeWithoutProgressIsGivenUp()
    {
        _hub.CutAfter = 0;
        HubException exception = (await Assert.ThrowsAsync<HubException>(() => ModelHub.DownloadAsync(_hub.Repository, Options)))!;
        Assert.That(exception.Message, Does.Contain("Couldn't download").And.Contain("org/name"));
        _hub.CutAfter = null;
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
    }

    [Test]
    public async Task WrongContentIsDiscarded()
    {
        _hub.ChangeFile = (name, contents) => name.EndsWith(".safetensors", StringComparison.Ordinal)
            ? [.. contents[..^1], (byte)~contents[^1]]
            : contents;
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options),
            Throws.InstanceOf<HubException>().With.Message.Contains("SHA-256"));
        Assert.That(ModelHub.FindCached(_hub.Repository, Options), Is.Null);
        _hub.ChangeFile = null;
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
    }

    [Test]
    public async Task WrongSmallFileIsDiscarded()
    {
        _hub.ChangeFile = (name, contents) => name == "config.json" ? [.. contents[..^1], (byte)' '] : contents;
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options),
            Throws.InstanceOf<HubException>().With.Message.Contains("config.json").And.Message.Contains("SHA-1"));
        _hub.ChangeFile = null;
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
    }

    [Test]
    public void LongerFileIsRefused()
    {
        _hub.ChangeFile = (name, contents) => name.EndsWith(".safetensors", StringComparison.Ordinal) ? [.. contents, 0] : contents;
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options),
            Throws.InstanceOf<HubException>());
        Assert.That(ModelHub.FindCached(_hub.Repository, Options), Is.Null);
    }

    [Test]
    public async Task LeftoverOfAnotherContentIsReplaced()
    {
        string file = Directory.EnumerateFiles(TestModels.Folder("qwen3"), "model*.safetensors")
            .Select(path => Path.GetFileName(path)!).First();
        string blobs = Directory.CreateDirectory(Path.Combine(_cache, "models--org--name", "blobs")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(blobs, _hub.DigestOf(file) + ".incomplete"), new byte[1000]);
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options));
    }

    [TestCase(401, "GatedRepo", "terms")]
    [TestCase(401, null, "HF_TOKEN")]
    [TestCase(403, null, "HF_TOKEN")]
    [TestCase(404, "RepoNotFound", "no model 'org/name'")]
    [TestCase(404, null, "no model 'org/name'")]
    [TestCase(404, "RevisionNotFound", "no revision 'main'")]
    [TestCase(503, null, "503")]
    [TestCase(418, null, "418")]
    public async Task RefusalSaysWhatToDo(int status, string? code, string part)
    {
        _hub.Intercept = context =>
        {
            context.Response.StatusCode = status;
            if (code is not null)
            {
                context.Response.Headers["X-Error-Code"] = code;
            }
            return Task.FromResult(true);
        };
        HubException exception = (await Assert.ThrowsAsync<HubException>(() => ModelHub.DownloadAsync(_hub.Repository, Options)))!;
        Assert.That(exception.Message, Does.Contain(part));
        Assert.That(exception.StatusCode, Is.EqualTo((HttpStatusCode)status));
    }

    [TestCase("../evil.json")]
    [TestCase("/etc/evil.json")]
    [TestCase("..\\\\evil.json")]
    [TestCase("C:evil.json")]
    [TestCase("a\\u0000.json")]
    public void PathThatLeavesTheFolderIsNeverWritten(string name)
    {
        _hub.ChangeListing = text => text.Replace("\"tokenizer.json\"", $"\"{name}\"", StringComparison.Ordinal);
        string[] before = Directory.GetFileSystemEntries(Path.GetDirectoryName(_cache)!, "evil*");
        try
        {
            ModelHub.DownloadAsync(_hub.Repository, Options).GetAwaiter().GetResult();
        }
        catch (HubException exception)
        {
            Assert.That(exception.Message, Does.Contain("isn't a path inside"));
        }
        Assert.That(Directory.EnumerateFiles(_cache, "*evil*", SearchOption.AllDirectories), Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(Path.GetDirectoryName(_cache)!, "evil*"), Is.EqualTo(before));
    }

    [TestCase("../../../shard.safetensors")]
    [TestCase("/shard.safetensors")]
    [TestCase("folder/shard.safetensors")]
    public void IndexThatNamesAPathIsRefused(string name)
    {
        _hub.Add("model.safetensors.index.json", System.Text.Encoding.UTF8.GetBytes($$"""{ "weight_map": { "w": "{{name}}" } }"""));
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options),
            Throws.InstanceOf<InvalidDataException>().With.Message.Contains(name));
    }

    [TestCase("[]")]
    [TestCase("{\"sha\": \"../..\", \"siblings\": []}")]
    [TestCase("{\"sha\": 3}")]
    [TestCase("not JSON")]
    public void BrokenListingIsRefused(string listing)
    {
        _hub.ChangeListing = _ => listing;
        Assert.That(async () => await ModelHub.DownloadAsync(_hub.Repository, Options), Throws.InstanceOf<HubException>());
    }

    [Test]
    public void ModelWithoutSafetensorsIsRefused()
    {
        foreach (string file in Directory.EnumerateFiles(TestModels.Folder("qwen3")).Select(path => Path.GetFileName(path)!))
        {
            if (file.Contains("safetensors", StringComparison.Ordinal))
            {
                _hub.Remove(file);
            }
        }
        Assert.That(
            async () => await ModelHub.DownloadAsync(_hub.Repository, Options),
            Throws.InstanceOf<HubException>().With.Message.Contains("no weights in safetensors format"));
    }

    [Test]
    public async Task UnreachableHubFallsBackToAWholeCache()
    {
        string folder = await ModelHub.DownloadAsync(_hub.Repository, Options);
        HubOptions unreachable = Options with { Endpoint = new("http://127.0.0.1:1"), Retries = 0 };
        Assert.That(await ModelHub.DownloadAsync(_hub.Repository, unreachable), Is.EqualTo(folder));
        Assert.That(await ModelHub.DownloadAsync(_hub.Repository, Options with { Offline = true }), Is.EqualTo(folder));
        Assert.That(
            async () => await ModelHub.DownloadAsync("org/other", unreachable),
            Throws.InstanceOf<HubException>().With.Message.Contains("127.0.0.1:1"));
    }

    [Test]
    public async Task TwoDownloadsAtOnceGiveOneWholeModel()
    {
        _hub.CutAfter = 200_000;
        string[] folders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ModelHub.DownloadAsync(_hub.Repository, Options)));
        Assert.That(folders.Distinct(), Has.Exactly(1).Items);
        AssertWhole(folders[0]);
    }

    [TestCase("../name")]
    [TestCase("a/b/c")]
    [TestCase("a--b/c")]
    [TestCase("-a/b")]
    [TestCase("a/..")]
    [TestCase("a b")]
    public void AnInvalidRepositoryNameIsRejected(string name) =>
        Assert.That(async () => await ModelHub.DownloadAsync(name, Options), Throws.ArgumentException.With.Message.Contains(name));

    [TestCase("../main")]
    [TestCase("")]
    [TestCase("/main")]
    public void RevisionThatIsAPathIsRefused(string revision) =>
        Assert.That(async () => await ModelHub.DownloadAsync(_hub.Repository, Options with { Revision = revision }),
            Throws.ArgumentException);

    [Test]
    public async Task ProgressNeverGoesBackAndEndsAtTheSize()
    {
        ConcurrentQueue<HubProgress> seen = [];
        await ModelHub.DownloadAsync(_hub.Repository, Options with { Progress = new Reporter(seen.Enqueue) });
        Assert.That(seen.Select(progress => progress.Bytes), Is.Ordered);
        Assert.That(seen.Last().Bytes, Is.EqualTo(seen.Last().Size));
    }

    [Test]
    public async Task StalledConnectionIsTriedAgain()
    {
        int stalls = 0;
        _hub.Intercept = async context =>
        {
            if (context.Request.Path.StartsWithSegments("/storage") && stalls++ == 0)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return true;
            }
            return false;
        };
        AssertWhole(await ModelHub.DownloadAsync(_hub.Repository, Options with { StallTimeout = TimeSpan.FromMilliseconds(500) }));
        Assert.That(stalls, Is.GreaterThan(1));
    }

    private static void AssertWhole(string folder)
    {
        using LanguageModel model = LanguageModel.Load(folder);
        Assert.That(model.Config, Is.Not.Null);
        Assert.That(Directory.EnumerateFiles(folder, "*.incomplete", SearchOption.AllDirectories), Is.Empty);
    }

    private sealed class Reporter(Action<HubProgress> report) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => report(value);
    }
}
