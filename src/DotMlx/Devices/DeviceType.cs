namespace DotMlx;

/// <summary>The kinds of devices MLX computes on (<c>mlx.core.DeviceType</c>).</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    Cpu = 0,

    /// <summary>A graphics processor: Metal on macOS, CUDA elsewhere.</summary>
    Gpu = 1,
}
