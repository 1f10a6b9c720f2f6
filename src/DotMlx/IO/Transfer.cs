namespace DotMlx;

/// <summary>A load or save operation with progress and cancellation.</summary>
internal sealed class Transfer(IProgress<FileProgress>? progress = null, CancellationToken cancellation = default)
{
    /// <summary>The number of bytes per piece; a transfer can be canceled between pieces.</summary>
    internal const int PieceLength = 1 << 22;

    private long _done;
    private long _total;

    internal CancellationToken Cancellation => cancellation;

    /// <summary>Adds to the expected number of bytes.</summary>
    internal void Expect(long bytes) => _total += bytes;

    /// <inheritdoc cref="Expect(long)"/>
    internal void Expect(IEnumerable<StoredArray> arrays)
    {
        foreach (StoredArray array in arrays)
        {
            Expect(array.NBytes);
        }
    }

    /// <summary>Reports bytes that were read or written, on the thread that started the transfer.</summary>
    /// <exception cref="OperationCanceledException">The transfer was canceled.</exception>
    internal void Advance(long bytes)
    {
        cancellation.ThrowIfCancellationRequested();
        _done += bytes;
        progress?.Report(new FileProgress(_done, _total));
    }

    /// <summary>Runs a transfer on a thread of the pool.</summary>
    internal static Task<T> Run<T>(Func<Transfer, T> work, IProgress<FileProgress>? progress, CancellationToken cancellation) =>
        Task.Run(() => work(new Transfer(progress, cancellation)), cancellation);

    /// <summary>Reads a stream on a thread of the pool.</summary>
    internal static Task<T> Run<T>(
        Stream stream, Func<ByteSource, Transfer, T> work, IProgress<FileProgress>? progress, CancellationToken cancellation)
    {
        ByteSource.CheckReadable(stream);
        return Task.Run(
            async () =>
            {
                using ByteSource source = await ByteSource.OpenAsync(stream, cancellation).ConfigureAwait(false);
                return work(source, new Transfer(progress, cancellation));
            },
            cancellation);
    }

    /// <summary>Runs a transfer without a result on a thread of the pool.</summary>
    internal static Task Run(Action<Transfer> work, IProgress<FileProgress>? progress, CancellationToken cancellation) =>
        Task.Run(() => work(new Transfer(progress, cancellation)), cancellation);
}
