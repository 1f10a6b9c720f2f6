namespace DotMlx;

/// <summary>A stream of its own for each thread that uses it (<c>mlx.core.ThreadLocalStream</c>).</summary>
public sealed class ThreadLocalStream
{
    private readonly ThreadLocal<MlxStream> streams;

    internal ThreadLocalStream(MlxDevice device)
    {
        Device = device;
        streams = new ThreadLocal<MlxStream>(() => Streams.New(device));
    }

    /// <summary>The device of all of them.</summary>
    public MlxDevice Device { get; }

    /// <summary>The calling thread's stream.</summary>
    public MlxStream Current => streams.Value!;

    /// <summary>The calling thread's stream.</summary>
    public static implicit operator MlxStream(ThreadLocalStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Current;
    }
}
