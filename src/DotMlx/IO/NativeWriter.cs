using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>An <c>mlx_io_writer</c> over a stream.</summary>
internal sealed unsafe class NativeWriter : IDisposable
{
    private readonly State state;

    internal NativeWriter(Stream stream)
    {
        state = new State(stream);
        void* payload = NativeClosure.Payload(state);
        Handle = Mlxc.mlx_io_writer_new(payload, Table);
        if (Handle.ctx == null)
        {
            GCHandle.FromIntPtr((nint)payload).Free();
            throw MlxError.Fail("mlx_io_writer_new");
        }
    }

    internal mlx_io_writer Handle { get; private set; }

    // Literals of this kind lie in the image and never move.
    internal static byte* LabelText => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference("managed stream\0"u8));

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

    /// <summary>Calls a function that writes, then raises what the stream threw, or else what MLX reported.</summary>
    internal void Run(Func<mlx_io_writer, int> write, string function)
    {
        int status = 0;
        MlxException? fault = null;
        Evaluation.Run(() =>
        {
            status = write(Handle);
            fault = status != 0 ? MlxError.Fail(function) : null;
        });
        state.Failure?.Throw();
        if (fault is not null)
        {
            throw fault;
        }
    }

    public void Dispose()
    {
        if (Handle.ctx != null)
        {
            _ = Mlxc.mlx_io_writer_free(Handle);
            Handle = default;
        }
    }

    private static State Of(void* payload) => NativeClosure.Target<State>(payload);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsGood(void* payload) => Of(payload).Failure is null ? (byte)1 : (byte)0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Tell(void* payload) => (nuint)Of(payload).Written;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Seek(void* payload, long offset, int origin) =>
        Of(payload).Fail(new NotSupportedException("MLX tried to seek while saving, which a stream need not be able to do."));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(void* payload, byte* data, nuint count) => NativeMemory.Clear(data, count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReadAt(void* payload, byte* data, nuint count, nuint offset) => NativeMemory.Clear(data, count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(void* payload, byte* data, nuint count) => Of(payload).Write(data, (long)count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Label(void* payload) => LabelText;

    private sealed class State(Stream stream)
    {
        internal ExceptionDispatchInfo? Failure { get; private set; }

        internal long Written { get; private set; }

        internal void Fail(Exception exception) => Failure ??= ExceptionDispatchInfo.Capture(exception);

        internal void Write(byte* data, long count)
        {
            try
            {
                for (long done = 0; done < count && Failure is null;)
                {
                    int part = (int)Math.Min(count - done, 1 << 30);
                    stream.Write(new ReadOnlySpan<byte>(data + done, part));
                    done += part;
                    Written += part;
                }
            }
            catch (Exception exception)
            {
                Fail(exception);
            }
        }
    }
}
