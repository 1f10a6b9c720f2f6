using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace DotMlx.Tests.IO;

/// <summary>Creates special files in the test's own folder.</summary>
internal static partial class SpecialFile
{
    private const uint OwnerMayReadAndWrite = 0x180;
    private const uint CharacterDevice = 0x2000;

    // The device number of /dev/null on Linux: major 1, minor 3.
    private const ulong NullDevice = 0x103;

    internal static string Fifo(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows has no FIFOs in folders.");
        }

        Assert.That(MakeFifo(path, OwnerMayReadAndWrite), Is.Zero, "mkfifo");
        return path;
    }

    /// <summary>Creates a device like /dev/null; only an administrator can, and not on every system.</summary>
    internal static string? Device(string path)
    {
        try
        {
            return OperatingSystem.IsLinux() && MakeNode(path, CharacterDevice | OwnerMayReadAndWrite, NullDevice) == 0 ? path : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Gives a file to another user, which only an administrator can.</summary>
    internal static bool GiveAway(string path, uint owner, uint group) =>
        !OperatingSystem.IsWindows() && ChangeOwner(path, owner, group) == 0;

    internal static Socket Socket(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "mknod", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeNode(string path, uint mode, ulong device);
}
