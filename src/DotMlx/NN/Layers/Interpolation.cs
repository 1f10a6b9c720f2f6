namespace DotMlx.NN;

/// <summary>
/// Resamples along one axis: which input elements contribute to each output element, and with what weights. Positions are computed in
/// float32, as in Python, so that the same neighbors are chosen.
/// </summary>
internal static class Interpolation
{
    // OpenCV and PyTorch use this coefficient to enlarge images.
    private const float SharpCubic = -0.75f;

    /// <summary>The nearest element for each output position.</summary>
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

    /// <summary>The input position of each output position.</summary>
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

    /// <summary>The two neighbors of each position.</summary>
    public static IEnumerable<(int[] Indices, float[] Weights)> Linear(float[] positions, int size)
    {
        float[] inside = [.. positions.Select(p => Math.Clamp(p, 0, size - 1))];
        yield return ([.. inside.Select(p => (int)MathF.Floor(p))], [.. inside.Select(p => 1 - (p - MathF.Floor(p)))]);
        yield return ([.. inside.Select(p => (int)MathF.Ceiling(p))], [.. inside.Select(p => p - MathF.Floor(p))]);
    }

    /// <summary>The four neighbors of each position, the near ones first as in Python. Positions outside repeat the border.</summary>
    public static IEnumerable<(int[] Indices, float[] Weights)> Cubic(float[] positions, int size)
    {
        yield return Neighbors(p => MathF.Floor(p), Inner);
        yield return Neighbors(p => MathF.Floor(p + 1), Inner);
        yield return Neighbors(p => MathF.Floor(p) - 1, Outer);
        yield return Neighbors(p => MathF.Floor(p + 1) + 1, Outer);

        (int[] Indices, float[] Weights) Neighbors(Func<float, float> place, Func<float, float, float> weight) => (
            [.. positions.Select(p => (int)Math.Clamp(place(p), 0, size - 1))],
            [.. positions.Select(p => weight(MathF.Abs(p - place(p)), SharpCubic))]);
    }

    /// <summary>
    /// All neighbors within the kernel's radius, which grows as the output shrinks. Neighbors outside the input don't count, and the
    /// weights of each position add up to 1.
    /// </summary>
    /// <param name="positions">From <see cref="Positions"/>.</param>
    /// <param name="size">The length of the input.</param>
    /// <param name="scale">The scale factor from input to output.</param>
    /// <param name="radius">The kernel's radius when the output isn't smaller than the input.</param>
    /// <param name="kernel">Returns the weight at a distance.</param>
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

    /// <summary>Keys' kernel with a = -0.5, as PIL uses it to shrink images.</summary>
    public static float SoftCubic(float x) => x <= 1f ? Inner(x, -0.5f) : x <= 2f ? Outer(x, -0.5f) : 0f;

    // Keys' kernel for distances up to 1 (Inner) and from 1 to 2 (Outer).
    private static float Inner(float x, float a) => ((((a + 2f) * x) - (a + 3f)) * x * x) + 1f;

    private static float Outer(float x, float a) => (((((x - 5f) * x) + 8f) * x) - 4f) * a;
}
