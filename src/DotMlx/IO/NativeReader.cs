using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// An <c>mlx_io_reader</c> that gives MLX a valid file: a header that is written here, and then the data of the source from an offset on.
/// MLX therefore parses only checked data, and no text of the file or its name reaches its messages. MLX reads several arrays at a time, on
/// its own threads.
/// </summary>
internal sealed unsafe class NativeReader : IDisposable
{
    private readonly State _state;

    internal NativeReader(byte[] header, ByteSource source, long dataOffset, CancellationToken cancellation)
    {
        _state = new State(header, source, dataOffset, cancellation);
        void* payload = NativeClosure.Payload(_state);
        Handle = Mlxc.mlx_io_reader_new(payload, Table);
        if (Handle.ctx == null)
        {
            GCHandle.FromIntPtr((nint)payload).Free();
            throw MlxError.Fail("mlx_io_reader_new");
        }
    }

    internal mlx_io_reader Handle { get; private set; }

    // These literals are part of the image and never move.
    private static byte* LabelText => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference("managed stream\0"u8));

    private static mlx_io_vtable Table => new()
    {
        is_open = &IsGood,
        good = &IsGood,
        tell = &Tell,
        seek = &Seek,
        read = &Read,
        read_at_offset = &ReadAt,
        write = &Write,
        label = &Label,
        free = &NativeClosure.Release,
    };

    /// <summary>Rethrows an exception of the source: MLX's reading functions can't fail.</summary>
    internal void ThrowIfFailed() => _state.Failure?.Throw();

    /// <summary>Releases the reader. MLX may still hold it, but gets no more data from the source.</summary>
    public void Dispose()
    {
        _state.Closed = true;
        if (Handle.ctx != null)
        {
            _ = Mlxc.mlx_io_reader_free(Handle);
            Handle = default;
        }
    }

    private static State Of(void* payload) => NativeClosure.Target<State>(payload);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsGood(void* payload) => Of(payload).Failure is null ? (byte)1 : (byte)0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Tell(void* payload) => (nuint)Of(payload).Position;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Seek(void* payload, long offset, int origin)
    {
        State state = Of(payload);
        state.Position = origin switch
        {
            0 => offset,
            1 => state.Position + offset,
            _ => state.Length + offset,
        };
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(void* payload, byte* data, nuint count)
    {
        State state = Of(payload);
        state.Read(data, (long)count, state.Position);
        state.Position += (long)count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReadAt(void* payload, byte* data, nuint count, nuint offset) => Of(payload).Read(data, (long)count, (long)offset);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(void* payload, byte* data, nuint count)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Label(void* payload) => LabelText;

    private sealed class State(byte[] header, ByteSource source, long dataOffset, CancellationToken cancellation)
    {
        internal long Position { get; set; }

        internal volatile bool Closed;

        internal ExceptionDispatchInfo? Failure { get; private set; }

        internal long Length => header.Length + Math.Max(0, source.Length - dataOffset);

        internal void Read(byte* data, long count, long offset)
        {
            try
            {
                while (count > 0)
                {
                    Span<byte> part = new(data, (int)Math.Min(count, Transfer.PieceLength));
                    if (offset < header.Length)
                    {
                        part = part[..(int)Math.Min(part.Length, header.Length - offset)];
                        header.AsSpan((int)offset, part.Length).CopyTo(part);
                    }
                    else
                    {
                        cancellation.ThrowIfCancellationRequested();
                        ObjectDisposedException.ThrowIf(Closed, source);
                        source.Read(dataOffset + offset - header.Length, part);
                    }

                    data += part.Length;
                    offset += part.Length;
                    count -= part.Length;
                }
            }
            catch (Exception exception)
            {
                // MLX treats the buffer's contents as data, so the buffer is filled with zeros.
                Failure ??= ExceptionDispatchInfo.Capture(exception);
                NativeMemory.Clear(data, (nuint)count);
            }
        }
    }
}
