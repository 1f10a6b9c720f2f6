using Microsoft.Win32.SafeHandles;

namespace DotMlx;

/// <summary>Bytes that any thread can read at any position: a file, a stream, or memory. Messages contain the name.</summary>
internal abstract class ByteSource : IDisposable
{
    // The part of a stream without seeking that is kept in memory; the rest goes into a temporary file.
    private const int MaxInMemory = 1 << 26;

    private protected ByteSource(string name) => Name = name;

    internal string Name { get; }

    internal abstract long Length { get; }

    /// <summary>The bytes of a regular file.</summary>
    /// <exception cref="IOException">The path leads to something else, or the file can't be opened.</exception>
    internal static ByteSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return FileKind.Irregular(path) is { } kind
            ? throw new IOException(kind == "a folder"
                ? $"'{path}' cannot be loaded: it is a folder, not a file."
                : $"'{path}' cannot be loaded: it is {kind}, but only regular files can be opened by path. To "
                + $"read from it, open it and load the stream.")
            : new FileSource(path);
    }

    /// <summary>The bytes from the stream's current position. A stream that can't seek is read to its end.</summary>
    internal static ByteSource Open(Stream stream)
    {
        CheckReadable(stream);
        if (stream.CanSeek)
        {
            return new StreamSource(stream, NameOf(stream));
        }

        using StreamCopy copy = new();
        for (int count; (count = stream.Read(copy.Piece)) > 0;)
        {
            copy.Add(count);
        }

        return copy.Finish(NameOf(stream));
    }

    /// <summary>Like <see cref="Open(Stream)"/>, but without occupying a thread while it waits for a stream that can't seek.</summary>
    internal static async Task<ByteSource> OpenAsync(Stream stream, CancellationToken cancellation)
    {
        CheckReadable(stream);
        if (stream.CanSeek)
        {
            return new StreamSource(stream, NameOf(stream));
        }

        using StreamCopy copy = new();
        for (int count; (count = await stream.ReadAsync(copy.Piece, cancellation).ConfigureAwait(false)) > 0;)
        {
            copy.Add(count);
        }

        return copy.Finish(NameOf(stream));
    }

    /// <exception cref="ArgumentException">The stream can't be read.</exception>
    internal static void CheckReadable(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead)
        {
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        }
    }

    internal static ByteSource Open(ReadOnlyMemory<byte> memory, string name = "memory") => new MemorySource(memory, name);

    /// <exception cref="InvalidDataException">The source has fewer bytes.</exception>
    internal void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || destination.Length > Length - offset)
        {
            throw Broken($"it ends at byte {Length}, but {destination.Length} bytes from byte {offset} on are needed");
        }

        Fill(offset, destination);
    }

    /// <summary>An exception that names the file and its fault.</summary>
    internal InvalidDataException Broken(string fault, Exception? inner = null) => new($"'{Name}' cannot be loaded: {fault}.", inner);

    public abstract void Dispose();

    private protected abstract void Fill(long offset, Span<byte> destination);

    private protected InvalidDataException Ended(long offset) => Broken($"it ended unexpectedly at byte {offset}");

    private static string NameOf(Stream stream) => stream is FileStream { Name: { Length: > 0 } file } ? file : "stream";

    /// <summary>The data read so far from a stream that can't seek: in memory, or in a temporary file once it is large.</summary>
    private sealed class StreamCopy : IDisposable
    {
        private readonly MemoryStream _memory = new();
        private FileStream? _file;

        internal byte[] Piece { get; } = new byte[1 << 16];

        /// <summary>Adds the first bytes of <see cref="Piece"/>.</summary>
        internal void Add(int count)
        {
            if (_file is null && _memory.Length + count > MaxInMemory)
            {
                string path = Path.Combine(Path.GetTempPath(), $"dotmlx-{Guid.NewGuid():N}.tmp");
                _file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
                _memory.WriteTo(_file);
                _memory.SetLength(0);
                _memory.Capacity = 0;
            }

            ((Stream?)_file ?? _memory).Write(Piece, 0, count);
        }

        /// <summary>The copy as a source, which takes ownership of the file.</summary>
        internal ByteSource Finish(string name)
        {
            if (_file is null)
            {
                return new MemorySource(_memory.GetBuffer().AsMemory(0, (int)_memory.Length), name);
            }

            _file.Flush();
            FileSource source = new(_file, name);
            _file = null;
            return source;
        }

        public void Dispose() => _file?.Dispose();
    }

    private sealed class FileSource : ByteSource
    {
        private readonly SafeFileHandle _handle;
        private readonly FileStream? _owner;

        internal FileSource(string path)
            : base(path)
        {
            _handle = File.OpenHandle(path);
            Length = RandomAccess.GetLength(_handle);
        }

        /// <param name="owner">The open file, which is disposed with this object.</param>
        /// <param name="name">The name in messages.</param>
        internal FileSource(FileStream owner, string name)
            : base(name)
        {
            _owner = owner;
            _handle = owner.SafeFileHandle;
            Length = RandomAccess.GetLength(_handle);
        }

        internal override long Length { get; }

        public override void Dispose()
        {
            _handle.Dispose();
            _owner?.Dispose();
        }

        private protected override void Fill(long offset, Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(_handle, destination, offset);
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
        private readonly Lock _gate = new();
        private readonly long _start = stream.Position;

        internal override long Length { get; } = Math.Max(0, stream.Length - stream.Position);

        // The caller owns the stream.
        public override void Dispose()
        {
        }

        private protected override void Fill(long offset, Span<byte> destination)
        {
            lock (_gate)
            {
                stream.Position = _start + offset;
                int read = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
                if (read < destination.Length)
                {
                    throw Ended(offset + read);
                }
            }
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
