using Microsoft.Win32.SafeHandles;

namespace DotMlx;

/// <summary>Bytes to read at any place and from any thread: a file, a stream or memory. The name goes into messages.</summary>
internal abstract class ByteSource : IDisposable
{
    private ByteSource(string name) => Name = name;

    internal string Name { get; }

    internal abstract long Length { get; }

    internal static ByteSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new FileSource(path);
    }

    /// <summary>The bytes from the stream's position on. A stream that cannot seek is read to its end.</summary>
    internal static ByteSource Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead)
        {
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        }

        string name = stream is FileStream { Name: { Length: > 0 } file } ? file : "stream";
        if (stream.CanSeek)
        {
            return new StreamSource(stream, name);
        }

        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return new MemorySource(copy.GetBuffer().AsMemory(0, (int)copy.Length), name);
    }

    internal static ByteSource Open(ReadOnlyMemory<byte> memory, string name = "memory") => new MemorySource(memory, name);

    /// <summary>The bytes of a stream that goes forward only, read as far as they are asked for and kept: for headers.</summary>
    /// <param name="stream">The stream at its beginning; it stays the caller's.</param>
    /// <param name="length">How long it is said to be.</param>
    /// <param name="name">What messages call it.</param>
    internal static ByteSource OpenBeginning(Stream stream, long length, string name) => new BeginningSource(stream, length, name);

    /// <exception cref="InvalidDataException">The source ends earlier.</exception>
    internal void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || destination.Length > Length - offset)
        {
            throw Broken($"it ends at byte {Length}, where {destination.Length} bytes from byte {offset} on should be read");
        }

        Fill(offset, destination);
    }

    /// <summary>An exception that names the file and its fault.</summary>
    internal InvalidDataException Broken(string fault, Exception? inner = null) => new($"'{Name}' cannot be loaded: {fault}.", inner);

    public abstract void Dispose();

    private protected abstract void Fill(long offset, Span<byte> destination);

    private protected InvalidDataException Ended(long offset) => Broken($"it ended unexpectedly at byte {offset}");

    private sealed class FileSource : ByteSource
    {
        private readonly SafeFileHandle handle;

        internal FileSource(string path)
            : base(path)
        {
            handle = File.OpenHandle(path);
            Length = RandomAccess.GetLength(handle);
        }

        internal override long Length { get; }

        public override void Dispose() => handle.Dispose();

        private protected override void Fill(long offset, Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                {
                    throw Ended(offset);
                }

                destination = destination[read..];
                offset += read;
            }
        }
    }

    private sealed class StreamSource(Stream stream, string name) : ByteSource(name)
    {
        private readonly Lock gate = new();
        private readonly long start = stream.Position;

        internal override long Length { get; } = Math.Max(0, stream.Length - stream.Position);

        // The stream is the caller's.
        public override void Dispose()
        {
        }

        private protected override void Fill(long offset, Span<byte> destination)
        {
            lock (gate)
            {
                stream.Position = start + offset;
                stream.ReadExactly(destination);
            }
        }
    }

    private sealed class BeginningSource(Stream stream, long length, string name) : ByteSource(name)
    {
        private readonly MemoryStream seen = new();

        internal override long Length => length;

        public override void Dispose() => seen.Dispose();

        private protected override void Fill(long offset, Span<byte> destination)
        {
            int missing = (int)(offset + destination.Length - seen.Length);
            if (missing > 0)
            {
                byte[] more = new byte[missing];
                int read = stream.ReadAtLeast(more, missing, throwOnEndOfStream: false);
                seen.Write(more, 0, read);
                if (read < missing)
                {
                    throw Ended(seen.Length);
                }
            }

            seen.GetBuffer().AsSpan((int)offset, destination.Length).CopyTo(destination);
        }
    }

    private sealed class MemorySource(ReadOnlyMemory<byte> memory, string name) : ByteSource(name)
    {
        internal override long Length => memory.Length;

        public override void Dispose()
        {
        }

        private protected override void Fill(long offset, Span<byte> destination) =>
            memory.Span.Slice((int)offset, destination.Length).CopyTo(destination);
    }
}
