using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// A queue of work on a device (<c>mlx.core.Stream</c>). The stream of an operation determines where and in which order the operation runs.
/// MLX keeps streams for the lifetime of the process, so there is nothing to dispose.
/// </summary>
public sealed unsafe class MlxStream : IEquatable<MlxStream>
{
    internal MlxStream(mlx_stream handle, MlxDevice device)
    {
        Handle = handle;
        Device = device;
        int index = 0;
        MlxError.ThrowIfFailed(Mlxc.mlx_stream_get_index(&index, handle), "mlx_stream_get_index");
        Index = index;
    }

    /// <summary>The device on which the work runs.</summary>
    public MlxDevice Device { get; }

    /// <summary>The index of the stream in MLX.</summary>
    public int Index { get; }

    internal mlx_stream Handle { get; }

    /// <summary>The default stream of a device, so that a device can be passed as a stream.</summary>
    public static implicit operator MlxStream(MlxDevice device) => Streams.DefaultOf(device);

    /// <summary>The default stream of the first device of a kind.</summary>
    public static implicit operator MlxStream(DeviceType type) => Streams.DefaultOf(type);

    /// <summary>Whether both operands are the same stream.</summary>
    public static bool operator ==(MlxStream? left, MlxStream? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether the operands are different streams.</summary>
    public static bool operator !=(MlxStream? left, MlxStream? right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(MlxStream? other) => other is not null && other.Index == Index && other.Device == Device;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MlxStream);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Device, Index);

    /// <summary>The stream in MLX's format: <c>Stream(Device(cpu, 0), 1)</c>.</summary>
    public override string ToString() => $"Stream({Device}, {Index})";
}
