using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>Distinguishes regular files from folders, FIFOs, devices, and sockets, which .NET's own functions don't.</summary>
internal static unsafe partial class FileKind
{
    private const int TypeMask = 0xF000;
    private const int CurrentFolder = -100;
    private const uint WantTypeAndOwner = 1 | 8 | 16;

    /// <summary>The kind of a path that isn't a regular file: "a folder", "a FIFO", …; links are followed.</summary>
    /// <returns>Null for a regular file, for a path that doesn't exist, and if the system doesn't report the kind.</returns>
    internal static string? Irregular(string path)
    {
        if (Directory.Exists(path))
        {
            return "a folder";
        }

        return (StatusOf(path).Mode & TypeMask) switch
        {
            0x1000 => "a FIFO",
            0x2000 => "a character device",
            0x6000 => "a block device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    /// <summary>The numbers of the owner and the group of a file; zeros if the system has none.</summary>
    internal static (uint Owner, uint Group) OwnerOf(string path)
    {
        Status status = StatusOf(path);
        return (status.Owner, status.Group);
    }

    /// <summary>Gives a file the owner and group of another one, if the system lets this user do so.</summary>
    internal static void CopyOwner(string from, string to)
    {
        Status before = StatusOf(from);
        Status now = StatusOf(to);
        if (before.Mode == 0 || now.Mode == 0 || (before.Owner == now.Owner && before.Group == now.Group))
        {
            return;
        }

        if (ChangeOwner(to, before.Owner, before.Group) != 0)
        {
            // Only an administrator can give files away, but the group may be one of the user's own.
            _ = ChangeOwner(to, uint.MaxValue, before.Group);
        }
    }

    /// <summary>The system's data about a path on Linux and macOS; zeros on other systems and if the data is unavailable.</summary>
    private static Status StatusOf(string path)
    {
        // The binary interfaces of the systems fix the structures that the calls fill; both fit into this size.
        byte* status = stackalloc byte[512];
        try
        {
            if (OperatingSystem.IsLinux())
            {
                return Statx(CurrentFolder, path, 0, WantTypeAndOwner, status) == 0
                    ? new Status(*(ushort*)(status + 28), *(uint*)(status + 20), *(uint*)(status + 24))
                    : default;
            }

            if (OperatingSystem.IsMacOS())
            {
                int result = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatX64(path, status) : Stat(path, status);
                return result == 0 ? new Status(*(ushort*)(status + 4), *(uint*)(status + 16), *(uint*)(status + 20)) : default;
            }
        }
        catch (EntryPointNotFoundException)
        {
            // The C library is old, so every file counts as regular.
        }

        return default;
    }

    private readonly record struct Status(int Mode, uint Owner, uint Group);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX64(string path, byte* status);
}
