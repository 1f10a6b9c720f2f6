namespace DotMlx.Tests.IO;

/// <summary>A stream as a network gives it: forward only, in small pieces.</summary>
internal sealed class ForwardOnlyStream : MemoryStream
{
    internal ForwardOnlyStream(ReadOnlySpan<byte> data)
        : base(data.ToArray())
    {
    }

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override long Seek(long offset, SeekOrigin loc) => throw new NotSupportedException();

    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 7)]);

    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));

    public override void CopyTo(Stream destination, int bufferSize)
    {
        Span<byte> piece = stackalloc byte[7];
        for (int read = Read(piece); read != 0; read = Read(piece))
        {
            destination.Write(piece[..read]);
        }
    }
}

/// <summary>A stream that fails once some bytes have gone through.</summary>
internal sealed class FailingStream : MemoryStream
{
    private long left;

    internal FailingStream(byte[] data, long failAfter)
    {
        Write(data);
        Position = 0;
        left = failAfter;
        Armed = true;
    }

    private bool Armed { get; }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Use(buffer.Length);
        base.Write(buffer);
    }

    public override int Read(Span<byte> buffer)
    {
        Use(buffer.Length);
        return base.Read(buffer);
    }

    private void Use(int count)
    {
        if (Armed && (left -= count) < 0)
        {
            throw new IOException("the stream fails %s%n");
        }
    }
}
