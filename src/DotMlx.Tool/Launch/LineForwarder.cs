using System.Text;

namespace DotMlx.Tool.Launch;

/// <summary>Copies a process's stream to a writer in whole lines, so that lines of several processes don't mix.</summary>
internal sealed class LineForwarder
{
    // Limits the memory for a program that never ends its line.
    private const int MaxLineLength = 1 << 16;

    private readonly Thread _thread;

    /// <param name="source">The stream, which is read until its end.</param>
    /// <param name="write">Called with each line, without its line break.</param>
    public LineForwarder(Stream source, Action<string> write)
    {
        _thread = new Thread(() => Forward(source, write)) { IsBackground = true, Name = "launch output" };
        _thread.Start();
    }

    /// <summary>Waits until everything has been written.</summary>
    /// <returns>False if another process still holds the stream open when the time is up.</returns>
    public bool Finish(TimeSpan timeout) => _thread.Join(timeout);

    private static void Forward(Stream source, Action<string> write)
    {
        byte[] buffer = new byte[1 << 14];
        using var line = new MemoryStream();
        try
        {
            int count;
            while ((count = source.Read(buffer, 0, buffer.Length)) > 0)
            {
                ReadOnlySpan<byte> rest = buffer.AsSpan(0, count);
                int end;
                while ((end = rest.IndexOf((byte)'\n')) >= 0)
                {
                    line.Write(rest[..end]);
                    Flush(line, write);
                    rest = rest[(end + 1)..];
                }

                line.Write(rest);
                if (line.Length >= MaxLineLength)
                {
                    Flush(line, write);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The process has ended, and all of its output has been read.
        }

        if (line.Length > 0)
        {
            Flush(line, write);
        }
    }

    private static void Flush(MemoryStream line, Action<string> write)
    {
        write(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r'));
        line.SetLength(0);
    }
}
