using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A device of this machine (<c>mlx.core.Device</c>), with value semantics.</summary>
public sealed unsafe class MlxDevice : IEquatable<MlxDevice>
{
    /// <summary>Creates a device of a given kind and index.</summary>
    /// <param name="type">The kind of device.</param>
    /// <param name="index">The index of the device within its kind.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative, or the kind is unknown.</exception>
    public MlxDevice(DeviceType type, int index = 0)
    {
        if (type is not (DeviceType.Cpu or DeviceType.Gpu))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Expected DeviceType.Cpu or DeviceType.Gpu.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(index);
        Type = type;
        Index = index;
    }

    /// <summary>The CPU (<c>mx.cpu</c>).</summary>
    public static MlxDevice Cpu { get; } = new(DeviceType.Cpu);

    /// <summary>The first GPU (<c>mx.gpu</c>).</summary>
    public static MlxDevice Gpu { get; } = new(DeviceType.Gpu);

    /// <summary>The kind of device.</summary>
    public DeviceType Type { get; }

    /// <summary>The index within its kind.</summary>
    public int Index { get; }

    /// <summary>The first device of a kind.</summary>
    public static implicit operator MlxDevice(DeviceType type) => new(type);

    /// <summary>Whether both operands are the same device.</summary>
    public static bool operator ==(MlxDevice? left, MlxDevice? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether the operands are different devices.</summary>
    public static bool operator !=(MlxDevice? left, MlxDevice? right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(MlxDevice? other) => other is not null && other.Type == Type && other.Index == Index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MlxDevice);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Index);

    /// <summary>The device in MLX's format: <c>Device(gpu, 0)</c>.</summary>
    public override string ToString() => $"Device({(Type == DeviceType.Cpu ? "cpu" : "gpu")}, {Index})";

    internal static MlxDevice FromNative(mlx_device native)
    {
        mlx_device_type type = default;
        int index = 0;
        MlxError.ThrowIfFailed(Mlxc.mlx_device_get_type(&type, native), "mlx_device_get_type");
        MlxError.ThrowIfFailed(Mlxc.mlx_device_get_index(&index, native), "mlx_device_get_index");
        return new MlxDevice((DeviceType)type, index);
    }

    /// <summary>Creates a native object for the device; disposing the result frees it.</summary>
    internal NativeDevice ToNative() => new(this);

    internal ref struct NativeDevice
    {
        internal mlx_device Handle;

        internal NativeDevice(MlxDevice device)
        {
            Handle = Mlxc.mlx_device_new_type((mlx_device_type)device.Type, device.Index);
            if (Handle.ctx == null)
            {
                throw MlxError.Fail("mlx_device_new_type");
            }
        }

        public void Dispose()
        {
            mlx_device handle = Handle;
            Handle = default;
            if (handle.ctx != null)
            {
                Mlxc.mlx_device_free(handle);
            }
        }
    }
}
