namespace DotMlx.Tests.IO;

/// <summary>A stream as a network provides it: without seeking, in small pieces.</summary>
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

/// <summary>A stream that fails after some bytes.</summary>
internal sealed class FailingStream : MemoryStream
{
    private long _left;

    internal FailingStream(byte[] data, long failAfter)
    {
        Write(data);
        Position = 0;
        _left = failAfter;
        Armed = true;
    }

    private bool Armed { get; }

    // The overloads for spans and for asynchronous writes call this method.
    public override void Write(byte[] buffer, int offset, int count)
    {
        Use(count);
        base.Write(buffer, offset, count);
    }

    public override int Read(Span<byte> buffer)
    {
        Use(buffer.Length);
        return base.Read(buffer);
    }

    private void Use(int count)
    {
        if (Armed && (_left -= count) < 0)
        {
            throw new IOException("the stream fails %s%n");
        }
    }
}

/// <summary>A stream that reports a larger length than it has, like a file that shrinks in the meantime.</summary>
internal sealed class CutStream(byte[] data, int left) : MemoryStream(data)
{
    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, (int)Math.Clamp(left - Position, 0, count));
}

/// <summary>A stream without seeking: some bytes, then zeros.</summary>
internal sealed class LongStream(byte[] beginning, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, length - _position);
        buffer[..count].Clear();
        if (_position < beginning.Length)
        {
            beginning.AsSpan((int)_position, (int)Math.Min(count, beginning.Length - _position)).CopyTo(buffer);
        }

        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
