using System.Collections.Concurrent;

namespace DotMlx;

/// <summary>A separate stream for each thread that uses it (<c>mlx.core.ThreadLocalStream</c>).</summary>
public sealed class ThreadLocalStream
{
    // Keyed by thread number: a thread that reuses a number also reuses its stream, so that streams don't accumulate.
    private readonly ConcurrentDictionary<int, MlxStream> _streams = new();

    internal ThreadLocalStream(MlxDevice device) => Device = device;

    /// <summary>The device of the streams.</summary>
    public MlxDevice Device { get; }

    /// <summary>The calling thread's stream.</summary>
    public MlxStream Current => _streams.GetOrAdd(Environment.CurrentManagedThreadId, static (_, device) => Streams.New(device), Device);

    /// <summary>The calling thread's stream.</summary>
    public static implicit operator MlxStream(ThreadLocalStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Current;
    }
}
