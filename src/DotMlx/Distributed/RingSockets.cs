using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// This process's end of the ring: the sockets that MLX opened, found among the open files by their ports. They are only checked for
/// whether the other side has closed them.
/// </summary>
internal sealed unsafe class RingSockets
{
    private const int Peek = 2;

    private readonly List<(int Descriptor, int Rank)> _sockets = [];

    private RingSockets()
    {
    }

    /// <summary>The sockets to the two neighbors; empty if the system doesn't tell.</summary>
    internal static RingSockets Find(RingEnvironment ring)
    {
        RingSockets found = new();
        string folder = OperatingSystem.IsLinux() ? "/proc/self/fd" : "/dev/fd";
        if (OperatingSystem.IsWindows() || !Directory.Exists(folder))
        {
            return found;
        }

        HashSet<int> own = Ports(ring.Hosts[ring.Rank]);
        HashSet<int> right = Ports(ring.Hosts[ring.Right]);
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor)
                && Ends(descriptor) is var (local, remote))
            {
                if (right.Contains(remote.Port))
                {
                    found._sockets.Add((descriptor, ring.Right));
                }
                else if (own.Contains(local.Port))
                {
                    found._sockets.Add((descriptor, ring.Left));
                }
            }
        }

        return found;
    }

    /// <summary>The ranks of the neighbors whose ends are closed, in order.</summary>
    internal int[] FindClosed()
    {
        List<int> closed = [];
        foreach ((int descriptor, int rank) in _sockets)
        {
            // MLX made the sockets non-blocking. Zero bytes mean the end of the stream; bytes that have arrived stay in the buffer.
            byte next;
            if (Receive(descriptor, &next, 1, Peek) == 0)
            {
                closed.Add(rank);
            }
        }

        return [.. closed.Distinct().Order()];
    }

    private static HashSet<int> Ports(IReadOnlyList<string> addresses) =>
        [.. addresses.Select(address =>
            int.Parse(address.AsSpan(address.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.None,
                CultureInfo.InvariantCulture))];

    private static (IPEndPoint Local, IPEndPoint Remote)? Ends(int descriptor)
    {
        try
        {
            // The wrapper doesn't own the socket, so disposing it leaves the socket open.
            using SafeSocketHandle handle = new(descriptor, ownsHandle: false);
            using Socket socket = new(handle);
            return socket.LocalEndPoint is IPEndPoint local && socket.RemoteEndPoint is IPEndPoint remote ? (local, remote) : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or NotSupportedException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "recv", ExactSpelling = true)]
    private static extern nint Receive(int socket, byte* buffer, nuint length, int flags);
}
