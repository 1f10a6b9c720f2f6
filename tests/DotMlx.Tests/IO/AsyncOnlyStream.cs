namespace DotMlx.Tests.IO;

/// <summary>A stream as in a web server: it can't seek, and only its asynchronous methods work.</summary>
/// <param name="data">The bytes to read.</param>
/// <param name="hangsAfter">The position from which reading and writing wait until they are canceled.</param>
internal sealed class AsyncOnlyStream(byte[]? data = null, long hangsAfter = long.MaxValue) : Stream
{
    private readonly MemoryStream _content = data is null ? new() : new(data);

    public override bool CanRead => data is not null;

    public override bool CanSeek => false;

    public override bool CanWrite => data is null;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    internal byte[] Written => _content.ToArray();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Hang(cancellationToken);
        return await _content.ReadAsync(buffer[..Math.Min(buffer.Length, 100)], cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Hang(cancellationToken);
        await _content.WriteAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() => throw Synchronous();

    public override int Read(byte[] buffer, int offset, int count) => throw Synchronous();

    public override int Read(Span<byte> buffer) => throw Synchronous();

    public override void Write(byte[] buffer, int offset, int count) => throw Synchronous();

    public override void Write(ReadOnlySpan<byte> buffer) => throw Synchronous();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static InvalidOperationException Synchronous() => new("Synchronous operations are disallowed.");

    private Task Hang(CancellationToken cancellation) =>
        _content.Position >= hangsAfter ? Task.Delay(Timeout.Infinite, cancellation) : Task.CompletedTask;
}
