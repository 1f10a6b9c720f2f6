using System.IO.Hashing;

namespace DotMlx;

/// <summary>
/// The bytes of a stream that can't seek, such as an entry of a zip archive. The beginning is kept for the header, and the rest goes
/// directly to the reader, in order. The checksum is computed along the way.
/// </summary>
internal sealed class ForwardSource(Stream stream, long length, string name) : ByteSource(name)
{
    private readonly MemoryStream _beginning = new();
    private bool _keeps = true;
    private long _position;

    internal override long Length => length;

    /// <summary>The checksum of zip archives, which .NET's reader doesn't check.</summary>
    internal Crc32 Checksum { get; } = new();

    /// <summary>Marks the end of the header; from here on, nothing is kept.</summary>
    internal void EndBeginning() => _keeps = false;

    /// <summary>Reads the bytes that no caller requested, so that the checksum covers them.</summary>
    internal void Drain(CancellationToken cancellation)
    {
        EndBeginning();
        byte[] piece = new byte[1 << 16];
        while (_position < length)
        {
            cancellation.ThrowIfCancellationRequested();
            Next(piece.AsSpan(0, (int)Math.Min(piece.Length, length - _position)));
        }
    }

    public override void Dispose() => _beginning.Dispose();

    private protected override void Fill(long offset, Span<byte> destination)
    {
        if (offset < _beginning.Length)
        {
            int known = (int)Math.Min(destination.Length, _beginning.Length - offset);
            _beginning.GetBuffer().AsSpan((int)offset, known).CopyTo(destination);
            offset += known;
            destination = destination[known..];
        }

        if (destination.IsEmpty)
        {
            return;
        }

        if (offset != _position)
        {
            throw new InvalidOperationException(
                $"'{Name}' can only be read forward, but byte {offset} was requested after byte {_position}.");
        }

        Next(destination);
        if (_keeps)
        {
            _beginning.Write(destination);
        }
    }

    private void Next(Span<byte> destination)
    {
        int read = stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
        _position += read;
        Checksum.Append(destination[..read]);
        if (read < destination.Length)
        {
            throw Ended(_position);
        }
    }
}
