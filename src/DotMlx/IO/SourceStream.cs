namespace DotMlx;

/// <summary>A <see cref="ByteSource"/> as a readable stream.</summary>
internal sealed class SourceStream(ByteSource source) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => source.Length;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Clamp(source.Length - Position, 0, buffer.Length);
        if (count > 0)
        {
            source.Read(Position, buffer[..count]);
            Position += count;
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin)
    {
        long start = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            _ => Length,
        };
        return start + offset >= 0 ? Position = start + offset : throw new IOException("The position is before the stream's beginning.");
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
