using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Metal
    {
        /// <summary>MLX's information about the first GPU (<c>mx.metal.device_info</c>); see <see cref="Mx.DeviceInfo"/>.</summary>
        public static IReadOnlyDictionary<string, object> DeviceInfo() => Mx.DeviceInfo(MlxDevice.Gpu);

        /// <summary>Starts a GPU trace for Xcode (<c>mx.metal.start_capture</c>). The process needs <c>MTL_CAPTURE_ENABLED=1</c>.</summary>
        /// <param name="path">The <c>.gputrace</c> file to write, which must not exist yet. The path must not contain '%'.</param>
        /// <exception cref="ArgumentException">The path contains a '%'.</exception>
        /// <exception cref="NotSupportedException">Metal isn't available.</exception>
        /// <exception cref="MlxException">Metal refuses the capture.</exception>
        public static void StartCapture(string path)
        {
            ArgumentException.ThrowIfNullOrEmpty(path);
            using var text = new NativeText(path, nameof(path));
            byte* native = text.Pointer;
            RequireMetal();
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_start_capture(native), "mlx_metal_start_capture");
        }

        /// <summary>Ends the trace (<c>mx.metal.stop_capture</c>).</summary>
        /// <exception cref="NotSupportedException">Metal isn't available.</exception>
        public static void StopCapture()
        {
            RequireMetal();
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_stop_capture(), "mlx_metal_stop_capture");
        }

        // A build without Metal would do nothing and report success.
        private static void RequireMetal()
        {
            if (!IsAvailable())
            {
                throw new NotSupportedException($"The loaded library ({MlxLibrary.Path}) doesn't compute "
                    + $"with Metal, so there is nothing to capture.");
            }
        }
    }
}
