namespace DotMlx.NN;

/// <summary>
/// Resampling along one axis: which elements of the input make up each element of the output, and with what weights. Positions
/// are computed in float32, as Python computes them, so that the same neighbours are taken.
/// </summary>
internal static class Interpolation
{
    // As OpenCV and PyTorch enlarge images.
    private const float SharpCubic = -0.75f;

    /// <summary>The nearest element of each place in the output.</summary>
    public static int[] Nearest(int size, int target)
    {
        int[] indices = new int[target];
        float ratio = (float)((double)size / target);
        for (int i = 0; i < target; i++)
        {
            indices[i] = target > size ? (int)MathF.Round(((i + 0.5f) * ratio) - 0.5f, MidpointRounding.ToEven) : (int)(i * ratio);
        }
        return indices;
    }

    /// <summary>Where in the input each place of the output lies.</summary>
    public static float[] Positions(int size, int target, double scale, bool alignCorners)
    {
        float[] positions = new float[target];
        float step = (float)(alignCorners ? (double)(size - 1) / Math.Max(target - 1, 1) : 1 / scale);
        float start = (float)(alignCorners ? 0 : ((((target - 1) * (1 / scale)) - size + 1) / 2));
        for (int i = 0; i < target; i++)
        {
            positions[i] = (i * step) - start;
        }
        return positions;
    }

    /// <summary>The two neighbours of each position.</summary>
    public static IEnumerable<(int[] Indices, float[] Weights)> Linear(float[] positions, int size)
    {
        float[] inside = [.. positions.Select(p => Math.Clamp(p, 0, size - 1))];
        yield return ([.. inside.Select(p => (int)MathF.Floor(p))], [.. inside.Select(p => 1 - (p - MathF.Floor(p)))]);
        yield return ([.. inside.Select(p => (int)MathF.Ceiling(p))], [.. inside.Select(p => p - MathF.Floor(p))]);
    }

    /// <summary>The four neighbours of each position, first the near ones as in Python; the border repeats outside.</summary>
    public static IEnumerable<(int[] Indices, float[] Weights)> Cubic(float[] positions, int size)
    {
        yield return Neighbours(p => MathF.Floor(p), Inner);
        yield return Neighbours(p => MathF.Floor(p + 1), Inner);
        yield return Neighbours(p => MathF.Floor(p) - 1, Outer);
        yield return Neighbours(p => MathF.Floor(p + 1) + 1, Outer);

        (int[] Indices, float[] Weights) Neighbours(Func<float, float> place, Func<float, float, float> weight) => (
            [.. positions.Select(p => (int)Math.Clamp(place(p), 0, size - 1))],
            [.. positions.Select(p => weight(MathF.Abs(p - place(p)), SharpCubic))]);
    }

    /// <summary>
    /// Every neighbour that a kernel reaches, which is as much wider as the output is smaller. Neighbours outside do not count; the
    /// weights of each position add up to 1.
    /// </summary>
    /// <param name="positions">From <see cref="Positions"/>.</param>
    /// <param name="size">The length of the input.</param>
    /// <param name="scale">The factor.</param>
    /// <param name="radius">How far the kernel reaches where nothing shrinks.</param>
    /// <param name="kernel">The weight at a distance.</param>
    public static IEnumerable<(int[] Indices, float[] Weights)> Antialiased(
        float[] positions, int size, double scale, int radius, Func<float, float> kernel)
    {
        double widening = scale < 1 ? 1 / scale : 1;
        int reach = (int)Math.Ceiling(radius * widening);
        List<(int[] Indices, float[] Weights)> taps = [];
        float[] sums = new float[positions.Length];
        for (int offset = -reach; offset <= reach; offset++)
        {
            int[] indices = new int[positions.Length];
            float[] weights = new float[positions.Length];
            for (int i = 0; i < positions.Length; i++)
            {
                float index = MathF.Floor(positions[i]) + offset;
                bool inside = index >= 0 && index < size;
                indices[i] = (int)Math.Clamp(index, 0, size - 1);
                weights[i] = inside ? kernel(MathF.Abs(positions[i] - index) / (float)widening) : 0;
                sums[i] += weights[i];
            }
            taps.Add((indices, weights));
        }
        foreach ((int[] indices, float[] weights) in taps)
        {
            yield return (indices, [.. weights.Select((weight, i) => sums[i] > 0 ? weight / sums[i] : weight)]);
        }
    }

    /// <summary>The kernel of linear interpolation.</summary>
    public static float Triangle(float x) => Math.Max(1f - x, 0f);

    /// <summary>Keys' kernel with a = -0.5, as PIL shrinks images.</summary>
    public static float SoftCubic(float x) => x <= 1f ? Inner(x, -0.5f) : x <= 2f ? Outer(x, -0.5f) : 0f;

    // Keys' kernel up to a distance of 1, and from there to 2.
    private static float Inner(float x, float a) => ((((a + 2f) * x) - (a + 3f)) * x * x) + 1f;

    private static float Outer(float x, float a) => (((((x - 5f) * x) + 8f) * x) - 4f) * a;
}
