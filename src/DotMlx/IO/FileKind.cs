using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>Tells regular files from folders, FIFOs, devices and sockets, which .NET's own functions do not.</summary>
internal static unsafe partial class FileKind
{
    private const int TypeMask = 0xF000;
    private const int CurrentFolder = -100;
    private const uint WantType = 1;

    /// <summary>What a path leads to when it is no regular file: "a folder", "a FIFO", …; links are followed.</summary>
    /// <returns>Null for a regular file, for a path that leads nowhere, and where the system does not tell.</returns>
    internal static string? Irregular(string path)
    {
        if (Directory.Exists(path))
        {
            return "a folder";
        }

        return (Mode(path) & TypeMask) switch
        {
            0x1000 => "a FIFO",
            0x2000 => "a character device",
            0x6000 => "a block device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    /// <summary>The file type and permissions of a path on Linux and macOS; 0 elsewhere and where the system does not tell.</summary>
    private static int Mode(string path)
    {
        // The structures that the calls fill are fixed by the systems' binary interfaces; both fit into this.
        byte* status = stackalloc byte[512];
        try
        {
            if (OperatingSystem.IsLinux())
            {
                return Statx(CurrentFolder, path, 0, WantType, status) == 0 ? *(ushort*)(status + 28) : 0;
            }

            if (OperatingSystem.IsMacOS())
            {
                int result = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatX64(path, status) : Stat(path, status);
                return result == 0 ? *(ushort*)(status + 4) : 0;
            }
        }
        catch (EntryPointNotFoundException)
        {
            // An old C library: every file counts as regular.
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, byte* status);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX64(string path, byte* status);
}
