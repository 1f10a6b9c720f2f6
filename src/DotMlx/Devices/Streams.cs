using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// The library's streams: by default, one for each device. The library passes a stream to every operation explicitly. MLX therefore creates
/// no stream for a thread by itself, and one thread can evaluate a graph that another thread built.
/// </summary>
internal static unsafe class Streams
{
    private static readonly Version FirstWithBoundCpuStreams = new(0, 32);
    private static readonly Lock Gate = new();
    private static readonly Dictionary<MlxDevice, MlxStream> Defaults = [];
    private static readonly List<MlxStream> All = [];
    private static readonly AsyncLocal<MlxStream?> Scoped = new();

    // Copies of this library in other load contexts set the defaults of the same threads. Each thread notes the number of the copy that did
    // so last.
    private static readonly long* Copies = ProcessWide.Number("CopiesWithStreams");
    private static readonly ThreadLocal<long> LastCopy = ProcessWide.Get("LastCopyWithStreams", static () => new ThreadLocal<long>());
    private static readonly long ThisCopy = Interlocked.Increment(ref *Copies);

    // The number of open scopes on all threads. While it is 0, operations skip reading the AsyncLocal.
    private static int _openScopes;
    private static MlxDevice? _defaultDevice;
    private static nint _current;
    private static int _version;

    // 0 for unknown, 1 for no, 2 for yes; a single word, so that threads read it atomically.
    private static int _boundToThread;

    internal static mlx_stream CurrentHandle
    {
        get
        {
            nint handle = _current;
            return handle != 0 && _openScopes == 0 ? new mlx_stream { ctx = (void*)handle } : Current.Handle;
        }
    }

    /// <summary>
    /// The stream of the innermost scope of the current execution context, or else the default stream of the default device.
    /// </summary>
    internal static MlxStream Current => (_openScopes != 0 ? Scoped.Value : null) ?? DefaultOf(DefaultDevice);

    /// <summary>
    /// Whether any streams work only on the thread that made them, so that all evaluations must run on one thread.
    /// </summary>
    internal static bool BoundToThread
    {
        get
        {
            int known = _boundToThread;
            if (known == 0)
            {
                known = IsBoundToThread(MlxDevice.Cpu) || (IsBoundToThread(MlxDevice.Gpu) && IsAvailable(MlxDevice.Gpu)) ? 2 : 1;
                _boundToThread = known;
            }

            return known == 2;
        }

        // For tests, which check the rules for GPUs on machines without one.
        set => _boundToThread = value ? 2 : 1;
    }

    /// <summary>
    /// Whether a stream of a device works only on the thread that made it. MLX binds streams of GPUs to their thread since 0.31.2 and
    /// streams of CPUs since 0.32, unless mlx-c can make streams without a thread. Earlier versions bind no streams, but using one thread
    /// is safe there too.
    /// </summary>
    private static bool IsBoundToThread(MlxDevice device) =>
        _boundToThread == 2
        || (MlxLibrary.Kind == MlxLibraryKind.Mlx && BindsToThread(device.Type, MlxLibrary.MlxVersion, ThreadFreeStreams.Available));

    /// <summary>The same rule for any version of MLX.</summary>
    internal static bool BindsToThread(DeviceType device, string mlxVersion, bool hasThreadFreeStreams) =>
        !hasThreadFreeStreams && (device == DeviceType.Gpu || !MlxLibrary.IsOlder(mlxVersion, FirstWithBoundCpuStreams));

    internal static MlxDevice DefaultDevice
    {
        get
        {
            if (_defaultDevice is { } known)
            {
                return known;
            }

            lock (Gate)
            {
                if (_defaultDevice is null)
                {
                    mlx_device native = Mlxc.mlx_device_new();
                    try
                    {
                        MlxError.ThrowIfFailed(Mlxc.mlx_get_default_device(&native), "mlx_get_default_device");
                        _defaultDevice = MlxDevice.FromNative(native);
                    }
                    finally
                    {
                        Mlxc.mlx_device_free(native);
                    }
                }

                return _defaultDevice;
            }
        }

        set
        {
            using var native = value.ToNative();
            lock (Gate)
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_set_default_device(native.Handle), "mlx_set_default_device");
                _defaultDevice = value;
                _current = 0;
            }

            _ = DefaultOf(value);
        }
    }

    internal static MlxStream DefaultOf(MlxDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        MlxDevice preferred = DefaultDevice;
        MlxStream? stream;
        lock (Gate)
        {
            Defaults.TryGetValue(device, out stream);
        }

        // Creating a stream waits for an evaluation, which may request streams itself. The stream is therefore created outside the lock,
        // and the first one created wins.
        MlxStream? made = stream is null ? New(device) : null;
        lock (Gate)
        {
            if (!Defaults.TryGetValue(device, out stream))
            {
                stream = made!;
                Defaults.Add(device, stream);
                _version++;
            }

            if (device == preferred)
            {
                _current = (nint)stream.Handle.ctx;
            }

            return stream;
        }
    }

    internal static void SetDefault(MlxStream stream)
    {
        lock (Gate)
        {
            Defaults[stream.Device] = stream;
            _current = 0;
            _version++;
        }
    }

    /// <summary>Waits until the work on all streams has finished.</summary>
    internal static void SynchronizeAll()
    {
        MlxStream[] streams;
        lock (Gate)
        {
            streams = [.. All];
        }

        Evaluation.Run(() =>
        {
            foreach (MlxStream stream in streams)
            {
                // Errors no longer matter, because the process is ending.
                _ = Mlxc.mlx_synchronize(stream.Handle);
            }
        });
    }

    internal static bool IsAvailable(MlxDevice device)
    {
        using var native = device.ToNative();
        byte available = 0;
        MlxError.ThrowIfFailed(Mlxc.mlx_device_is_available(&available, native.Handle), "mlx_device_is_available");
        return available != 0;
    }

    internal static MlxStream New(MlxDevice device)
    {
        if (!IsAvailable(device))
        {
            throw MissingDevice.Error(device);
        }

        mlx_stream stream = default;
        if (IsBoundToThread(device))
        {
            StreamThread.Run(Make);
        }
        else
        {
            Make();
        }

        var made = new MlxStream(stream, device);
        lock (Gate)
        {
            All.Add(made);
        }

        return made;

        // MLX adds the stream to tables that evaluations read without a lock.
        void Make() => Evaluation.Guard(() => stream = NewNative(device));
    }

    /// <summary>Makes the library's streams the defaults of this thread, for code in MLX that uses a default stream.</summary>
    internal static void PrepareThread() => PrepareThread(ThreadState.Current);

    /// <inheritdoc cref="PrepareThread()"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void PrepareThread(ThreadState thread)
    {
        // Versions start at 1; a thread without defaults is at 0.
        if (thread.StreamsVersion != _version || _version == 0 || (*Copies > 1 && LastCopy.Value != ThisCopy))
        {
            SetThreadDefaults(thread);
        }
    }

    internal static Scope Enter(MlxStream stream) => new(stream);

    private static void SetThreadDefaults(ThreadState thread)
    {
        // MLX uses the CPU's default stream on any device: the constants of an imported function come from there, for example.
        _ = DefaultOf(MlxDevice.Cpu);
        _ = DefaultOf(DefaultDevice);
        lock (Gate)
        {
            foreach (MlxStream stream in Defaults.Values)
            {
                MlxError.ThrowIfFailed(Mlxc.mlx_set_default_stream(stream.Handle), "mlx_set_default_stream");
            }

            LastCopy.Value = ThisCopy;
            thread.StreamsVersion = _version;
        }
    }

    private static mlx_stream NewNative(MlxDevice device)
    {
        using var native = device.ToNative();
        mlx_stream stream = ThreadFreeStreams.Available
            ? ThreadFreeStreams.New(native.Handle)
            : Mlxc.mlx_stream_new_device(native.Handle);
        return stream.ctx != null ? stream : throw MlxError.Fail("mlx_stream_new_device");
    }

    internal sealed class Scope : IDisposable
    {
        private readonly MlxStream? _outer;
        private int _closed;

        internal Scope(MlxStream stream)
        {
            Interlocked.Increment(ref _openScopes);
            _outer = Scoped.Value;
            Scoped.Value = stream;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                Scoped.Value = _outer;
                Interlocked.Decrement(ref _openScopes);
            }
        }
    }
}
