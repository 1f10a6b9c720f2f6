using DotMlx.Bindings;

namespace DotMlx;

/// <summary>What loading and saving have in common in all formats.</summary>
internal static class Loading
{
    /// <summary>Only the CPU loads, except under CUDA, where it can as well.</summary>
    internal static mlx_stream Stream => Streams.DefaultOf(MlxDevice.Cpu).Handle;

    /// <summary>Makes MLX read the data now, while the source is there, and raises what the source threw meanwhile.</summary>
    internal static void Finish(NativeReader reader, MlxArray[] arrays)
    {
        Evaluation.Eval(arrays);
        reader.ThrowIfFailed();
    }

    /// <summary>Refuses what MLX does not save in any format.</summary>
    internal static void CheckSavable(string key, MlxArray array, string parameter)
    {
        ArgumentNullException.ThrowIfNull(key, parameter);
        if (array is null)
        {
            throw new ArgumentNullException(parameter, $"The array '{key}' is null.");
        }

        if (array.Size == 0)
        {
            throw new ArgumentException($"The array '{key}' of shape {ShapeText.Of(array)} has no elements, and MLX saves no empty arrays.", parameter);
        }
    }
}
