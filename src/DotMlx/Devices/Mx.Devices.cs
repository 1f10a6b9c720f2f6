using System.Text;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The device on which operations run by default, one for the whole process (<c>mx.default_device</c>).</summary>
    public static MlxDevice DefaultDevice() => Streams.DefaultDevice;

    /// <summary>Sets the default device of the whole process (<c>mx.set_default_device</c>).</summary>
    /// <param name="device">A device, or a kind of device.</param>
    /// <exception cref="NotSupportedException">The loaded library doesn't have the device.</exception>
    public static void SetDefaultDevice(MlxDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Streams.DefaultDevice = IsAvailable(device) ? device : throw MissingDevice.Error(device);
    }

    /// <summary>Whether a device is available (<c>mx.is_available</c>).</summary>
    public static bool IsAvailable(MlxDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Streams.IsAvailable(device);
    }

    /// <summary>
    /// Explains why a device isn't available: MLX was built without it, there are fewer devices of its kind, or MLX reports an error.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <returns>The reason; null if the device is available.</returns>
    /// <remarks>
    /// Since 0.32, MLX counts no GPU if Metal has no device (a session without a display, a sandbox, a virtual machine) or if mlx.metallib
    /// is missing, and it hides the error. This method queries the error. Python has no counterpart.
    /// </remarks>
    public static string? WhyUnavailable(MlxDevice device) => IsAvailable(device) ? null : MissingDevice.Reason(device);

    /// <summary>The number of devices of a kind (<c>mx.device_count</c>).</summary>
    public static int DeviceCount(DeviceType deviceType)
    {
        int count = 0;
        MlxError.ThrowIfFailed(Mlxc.mlx_device_count(&count, (mlx_device_type)deviceType), "mlx_device_count");
        return count;
    }

    /// <summary>MLX's information about a device. Values are <see cref="string"/> or <see cref="long"/> (<c>mx.device_info</c>).</summary>
    /// <param name="device">The device; null for the default device.</param>
    public static IReadOnlyDictionary<string, object> DeviceInfo(MlxDevice? device = null)
    {
        using var native = (device ?? DefaultDevice()).ToNative();
        mlx_device_info info = Mlxc.mlx_device_info_new();
        mlx_vector_string keys = Mlxc.mlx_vector_string_new();
        try
        {
            MlxError.ThrowIfFailed(Mlxc.mlx_device_info_get(&info, native.Handle), "mlx_device_info_get");
            MlxError.ThrowIfFailed(Mlxc.mlx_device_info_get_keys(&keys, info), "mlx_device_info_get_keys");
            var values = new Dictionary<string, object>(StringComparer.Ordinal);
            for (nuint i = 0; i < Mlxc.mlx_vector_string_size(keys); i++)
            {
                byte* key = null;
                MlxError.ThrowIfFailed(Mlxc.mlx_vector_string_get(&key, keys, i), "mlx_vector_string_get");
                values[Text(key)] = Value(info, key);
            }

            return values;
        }
        finally
        {
            Mlxc.mlx_vector_string_free(keys);
            Mlxc.mlx_device_info_free(info);
        }

        static object Value(mlx_device_info info, byte* key)
        {
            byte isText = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_device_info_is_string(&isText, info, key), "mlx_device_info_is_string");
            if (isText != 0)
            {
                byte* text = null;
                MlxError.ThrowIfFailed(Mlxc.mlx_device_info_get_string(&text, info, key), "mlx_device_info_get_string");
                return Text(text);
            }

            nuint number = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_device_info_get_size(&number, info, key), "mlx_device_info_get_size");
            return (long)number;
        }

        static string Text(byte* text) =>
            Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }
}
