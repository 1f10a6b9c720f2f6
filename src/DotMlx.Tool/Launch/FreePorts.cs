using System.Net;
using System.Net.Sockets;

namespace DotMlx.Tool.Launch;

/// <summary>Unused ports of the loopback interface.</summary>
internal static class FreePorts
{
    /// <summary>Returns different ports that are all free at this moment.</summary>
    public static int[] Take(int count)
    {
        // All ports stay reserved until the last one is found, so that no port is found twice.
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        try
        {
            foreach (TcpListener listener in listeners)
            {
                listener.Start();
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (TcpListener listener in listeners)
            {
                listener.Dispose();
            }
        }
    }
}
