namespace DotMlx;

/// <summary>The kinds of devices on which MLX computes (<c>mlx.core.DeviceType</c>).</summary>
public enum DeviceType
{
    /// <summary>The CPU.</summary>
    Cpu = 0,

    /// <summary>A GPU: Metal on macOS, CUDA elsewhere.</summary>
    Gpu = 1,
}
