using System.Net.Sockets;
using System.Runtime.Versioning;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.IO;

/// <summary>Saving replaces only regular files.</summary>
[TestFixture]
public class SavingTargetTests
{
    private static readonly (string Name, Action<string> Save)[] Savers =
    [
        ("a.npy", path => Mx.Save(path, Mx.Ones(2))),
        ("a.npz", path => Mx.Savez(path, Mx.Ones(2))),
        ("b.npz", path => Mx.SavezCompressed(path, Mx.Ones(2))),
        ("a.safetensors", path => Mx.SaveSafetensors(path, [KeyValuePair.Create("a", Mx.Ones(2))])),
        ("a.gguf", path => Mx.SaveGguf(path, [KeyValuePair.Create("a", Mx.Ones(2))])),
        ("tree.safetensors", path => new TreeDictionary { ["a"] = Mx.Ones(2) }.Save(path)),
        ("weights.safetensors", path => new Linear(2, 2).SaveWeights(path)),
        ("weights.npz", path => new Linear(2, 2).SaveWeights(path)),
        ("model-00001-of-00001.safetensors", path => new Linear(2, 2).SaveShardedWeights(Path.GetDirectoryName(path)!)),
        ("model.safetensors.index.json", path => new Linear(2, 2).SaveShardedWeights(Path.GetDirectoryName(path)!)),
        ("optimizer.safetensors", path => new SGD(0.1f).Save(path)),
        ("async.safetensors", path => Mx.SaveSafetensorsAsync(path, [KeyValuePair.Create("a", Mx.Ones(2))]).GetAwaiter().GetResult()),
    ];

    private string _folder = "";

    private static IEnumerable<string> Names => Savers.Select(saver => saver.Name);

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Names))]
    public void SavingDoesNotReplaceAFifo(string name)
    {
        string path = SpecialFile.Fifo(Path.Combine(_folder, name));
        AssertRefused(name, path, "a FIFO");
    }

    [TestCaseSource(nameof(Names))]
    public void ADeviceBehindALinkStays(string name)
    {
        string? device = SpecialFile.Device(Path.Combine(_folder, "device"));
        if (device is null)
        {
            Assert.Ignore("This user may not make devices here.");
        }

        File.CreateSymbolicLink(Path.Combine(_folder, name), device);
        AssertRefused(name, device, "a character device");
    }

    [Test]
    public void ASocketAndAFolderStay()
    {
        string path = Path.Combine(_folder, "a.npy");
        using (Socket socket = SpecialFile.Socket(path))
        {
            if (!OperatingSystem.IsWindows())
            {
                AssertRefused("a.npy", path, "a socket");
            }
        }

        File.Delete(path);
        Directory.CreateDirectory(path);
        AssertRefused("a.npy", path, "a folder");
        Assert.That(Directory.Exists(path));
    }

    [TestCaseSource(nameof(Names))]
    [Platform(Exclude = "Win", Reason = "Windows has no such permissions, and links only for administrators.")]
    [UnsupportedOSPlatform("windows")]
    public void ALinkIsFollowedAndItsTargetKeepsItsPermissions(string name)
    {
        string elsewhere = Directory.CreateDirectory(Path.Combine(_folder, "elsewhere")).FullName;
        string target = Path.Combine(elsewhere, "target");
        File.WriteAllText(target, "old");
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string link = Path.Combine(_folder, name);
        File.CreateSymbolicLink(link, target);
        Save(name);
        Assert.That(new FileInfo(link).LinkTarget, Is.EqualTo(target), "the link is still one");
        Assert.That(new FileInfo(target).Length, Is.GreaterThan(3), "the target is new");
        Assert.That(File.GetUnixFileMode(target), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.GetFiles(elsewhere), Has.Length.EqualTo(1), "nothing else is left");
    }

    [TestCaseSource(nameof(Names))]
    public void TheOwnerOfAFileStays(string name)
    {
        string target = Path.Combine(_folder, "target");
        File.WriteAllText(target, "old");
        if (!SpecialFile.GiveAway(target, 12345, 23456))
        {
            Assert.Ignore("This user may not give files away here.");
        }

        File.CreateSymbolicLink(Path.Combine(_folder, name), target);
        Save(name);
        Assert.That(new FileInfo(target).Length, Is.GreaterThan(3), "the target is new");
        Assert.That(FileKind.OwnerOf(target), Is.EqualTo((12345u, 23456u)));
    }

    [Test]
    public void ExportingReplacesRegularFilesOnly()
    {
        string function = SpecialFile.Fifo(Path.Combine(_folder, "f.mlxfn"));
        Assert.That(
            () => Mx.ExportFunction(function, (MlxArray[] args) => args, [Mx.Ones(1)]),
            Throws.InstanceOf<IOException>().With.Message.Contains("a FIFO"));
        Assert.That(FileKind.Irregular(function), Is.EqualTo("a FIFO"));
    }

    [Test]
    public void AFailureNamesTheFileThatWasAskedFor()
    {
        string path = Path.Combine(_folder, "full.safetensors");
        File.WriteAllText(path, "old");
        Assert.That(
            () => AtomicFile.Write(path, stream => throw new IOException("No space left on device")),
            Throws.InstanceOf<IOException>().With.Message.Contains(path).And.Message.Contains("No space left on device"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [TestCaseSource(nameof(Names))]
    [Platform(Exclude = "Win", Reason = "Windows has no such permissions.")]
    [UnsupportedOSPlatform("windows")]
    public void AFolderThatCannotBeWrittenIsNamed(string name)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("Permissions do not bind this user.");
        }

        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.That(() => Save(name), Throws.InstanceOf<UnauthorizedAccessException>().With.Message.Contains(_folder));
        }
        finally
        {
            File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private void AssertRefused(string name, string special, string kind)
    {
        Assert.That(() => Save(name),
            Throws.InstanceOf<IOException>().With.Message.Contains(Path.Combine(_folder, name)).And.Message.Contains(kind));
        Assert.That(FileKind.Irregular(special), Is.EqualTo(kind), "it is what it was");
        Assert.That(Directory.GetFiles(_folder).Select(Path.GetFileName), Has.None.StartsWith("."), "no temporary file is left");
    }

    private void Save(string name) => Savers.Single(saver => saver.Name == name).Save(Path.Combine(_folder, name));
}
