using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Metal
    {
        /// <summary>What MLX knows about the first graphics processor (<c>mx.metal.device_info</c>); see <see cref="Mx.DeviceInfo"/>.</summary>
        public static IReadOnlyDictionary<string, object> DeviceInfo() => Mx.DeviceInfo(MlxDevice.Gpu);

        /// <summary>Starts writing a GPU trace for Xcode (<c>mx.metal.start_capture</c>); the process needs <c>MTL_CAPTURE_ENABLED=1</c>.</summary>
        /// <param name="path">Where to write it: a file that does not exist yet, named <c>.gputrace</c>; no '%' in it.</param>
        /// <exception cref="ArgumentException">The path holds a '%'.</exception>
        /// <exception cref="NotSupportedException">There is no Metal.</exception>
        /// <exception cref="MlxException">Metal refuses.</exception>
        public static void StartCapture(string path)
        {
            ArgumentException.ThrowIfNullOrEmpty(path);
            using var text = new NativeText(path, nameof(path));
            byte* native = text.Pointer;
            RequireMetal();
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_start_capture(native), "mlx_metal_start_capture");
        }

        /// <summary>Ends the trace (<c>mx.metal.stop_capture</c>).</summary>
        /// <exception cref="NotSupportedException">There is no Metal.</exception>
        public static void StopCapture()
        {
            RequireMetal();
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_stop_capture(), "mlx_metal_stop_capture");
        }

        // A build without Metal does nothing and reports success.
        private static void RequireMetal()
        {
            if (!IsAvailable())
            {
                throw new NotSupportedException($"The library in use ({MlxLibrary.Path}) does not compute with Metal, so there is nothing to capture.");
            }
        }
    }
}
