using System.Buffers;

namespace DotMlx;

/// <summary>
/// Writes with the asynchronous functions of another stream and waits for them. Some streams, such as those of web servers, support only
/// these, and a write that hangs can be canceled. The other stream stays open.
/// </summary>
internal sealed class WaitingStream(Stream stream, CancellationToken cancellation) : Stream
{
    private const int PieceLength = 1 << 20;

    public override bool CanRead => false;

    public override bool CanSeek => stream.CanSeek;

    public override bool CanWrite => stream.CanWrite;

    public override long Length => stream.Length;

    public override long Position
    {
        get => stream.Position;
        set => stream.Position = value;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length, PieceLength));
        try
        {
            while (!buffer.IsEmpty)
            {
                int count = Math.Min(buffer.Length, piece.Length);
                buffer[..count].CopyTo(piece);
                stream.WriteAsync(piece.AsMemory(0, count), cancellation).AsTask().GetAwaiter().GetResult();
                buffer = buffer[count..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => stream.FlushAsync(cancellation).GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => stream.Seek(offset, origin);

    public override void SetLength(long value) => stream.SetLength(value);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
