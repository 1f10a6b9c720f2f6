using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>Convolutions as matrix products of patches, so that their gradients follow from those of the parts.</summary>
internal static unsafe class ConvolutionFunctions
{
    public static Tensor mlx_conv_general(Tensor input, Tensor weight, ReadOnlySpan<int> stride, ReadOnlySpan<int> padding_lo,
        ReadOnlySpan<int> padding_hi,
        ReadOnlySpan<int> kernel_dilation, ReadOnlySpan<int> input_dilation, int groups, bool flip)
    {
        var rank = input.NDim - 2;
        if (rank is < 1 or > 3)
            throw new MlxFailure("[conv] Only works for inputs with 1-3 spatial dimensions. The inputs must "
                + "be in the format [N, ..., C_in]");
        if (groups != 1 && rank == 3) throw new MlxFailure("[conv] Can only handle groups != 1 in 1D or 2D convolutions.");
        CheckChannels(input, weight, rank, groups);
        var (step, low, high) = (PerAxis(stride, rank, 1, "strides"), PerAxis(padding_lo, rank, 0, "padding"),
            PerAxis(padding_hi, rank, 0, "padding"));
        var (spread, inside) = (PerAxis(kernel_dilation, rank, 1, "kernel dilation"), PerAxis(input_dilation, rank, 1, "input dilation"));
        var type = DTypes.Promote(input.DType, weight.DType);
        (input, weight) = (CutNegativePadding(mlx_astype(input, type), low, high), mlx_astype(weight, type));

        // Pads around and between the elements, then gathers every patch under the kernel, then computes one product per group.
        var (batch, channels) = (input.Shape[0], input.Shape[^1]);
        int[] padded = [batch, .. Enumerable.Range(0, rank)
            .Select(i => low[i] + high[i] + inside[i] * (input.Shape[i + 1] - 1) + 1), channels];
        var kernel = weight.Shape[1..^1];
        var sizes = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            sizes[i] = (padded[i + 1] - spread[i] * (kernel[i] - 1) - 1) / step[i] + 1;
            if (padded[i + 1] < spread[i] * (kernel[i] - 1) + 1)
            {
                throw new MlxFailure("[conv] Spatial dimensions of input after padding cannot be smaller "
                    + "than weight spatial dimensions. Got error at axis "
                    + $"{i + 1} for input with shape {Errors.Text(input.Shape)}, padding low {Errors.Text(low)}, padding "
                    + $"high {Errors.Text(high)}, and weight of shape {Errors.Text(weight.Shape)}.");
            }
        }
        var own = Shapes.Strides(padded);
        var spatial = own[1..^1];
        var placed = new View(input.Shape, [own[0], .. spatial.Zip(inside, (s, d) => s * d), 1], spatial.Zip(low, (s, p) => s * p).Sum());
        var patches = new View([batch, .. sizes, .. kernel, channels],
            [own[0], .. spatial.Zip(step, (s, d) => s * d), .. spatial.Zip(spread, (s, d) => s * d), 1], 0);
        var columns = Select(padded.AsSpan().SequenceEqual(input.Shape) ? input : Unselect(input, padded, placed), _ => patches, true);
        if (flip) weight = Reversed(weight, rank);

        var (rows, taps, outputs) = (batch * Shapes.Count(sizes), Shapes.Count(kernel), weight.Shape[0]);
        var left = mlx_transpose_axes(mlx_reshape(columns, [rows, taps, groups, channels / groups]), [2, 0, 1, 3]);
        var right = mlx_reshape(weight, [groups, outputs / groups, taps * (channels / groups)]);
        var product = mlx_matmul(mlx_reshape(left, [groups, rows, taps * (channels / groups)]), mlx_swapaxes(right, 1, 2));
        return mlx_reshape(mlx_transpose_axes(product, [1, 0, 2]), [batch, .. sizes, outputs]);
    }

    private static void CheckChannels(Tensor input, Tensor weight, int rank, int groups)
    {
        if (weight.NDim != rank + 2)
        {
            throw new MlxFailure($"[conv] Invalid weight array with {weight.NDim} dimensions for {rank}D convolution. Expected an array "
                + $"with {rank + 2} dimensions following the format [C_out, ..., C_in].");
        }
        if (groups < 1 || input.Shape[^1] % groups != 0)
        {
            throw new MlxFailure($"[conv] The input channels must be divisible by the number of groups. Got input with "
                + $"shape {Errors.Text(input.Shape)} and {groups} groups.");
        }
        if (groups > 1 && weight.Shape[0] % groups != 0)
        {
            throw new MlxFailure("[conv] If groups > 1, the output channels must be divisible by the number of groups. "
                + $"Got {weight.Shape[0]} output channels and {groups} groups.");
        }
        if (input.Shape[^1] / groups != weight.Shape[^1])
        {
            throw new MlxFailure("[conv] Expect the input channels in the input and weight array to match but got shapes - "
                + $"input: {Errors.Text(input.Shape)} and weight: {Errors.Text(weight.Shape)}");
        }
    }

    private static int[] PerAxis(ReadOnlySpan<int> values, int rank, int fallback, string name)
    {
        var result = new int[rank];
        if (values.Length <= 1) Array.Fill(result, values.Length == 1 ? values[0] : fallback);
        else if (values.Length == rank) values.CopyTo(result);
        else throw new MlxFailure($"[conv] Invalid {name} {Errors.Text(values)} for {rank}D convolution.");
        if (name != "padding" && Array.Exists(result, x => x <= 0))
            throw new MlxFailure($"[conv] {name} must be positive. Got {Errors.Text(result)}.");
        return result;
    }

    private static Tensor CutNegativePadding(Tensor input, int[] low, int[] high)
    {
        for (var i = 0; i < low.Length; i++)
        {
            var (from, to) = (Math.Max(-low[i], 0), input.Shape[i + 1] + Math.Min(high[i], 0));
            input = Range(input, i + 1, Math.Min(from, input.Shape[i + 1]), Math.Max(from, to));
            (low[i], high[i]) = (Math.Max(low[i], 0), Math.Max(high[i], 0));
        }
        return input;
    }

    private static Tensor Reversed(Tensor weight, int rank)
    {
        var own = Shapes.Strides(weight.Shape);
        var view = new View(weight.Shape, [.. own.Select((s, i) => i > 0 && i <= rank ? -s : s)],
            Enumerable.Range(1, rank).Sum(i => own[i] * (weight.Shape[i] - 1)));
        return Select(weight, _ => view, true);
    }

    public static Tensor mlx_conv1d(Tensor input, Tensor weight, int stride, int padding, int dilation, int groups) =>
        Plain(input, weight, [stride], [padding], [dilation], groups);

    public static Tensor mlx_conv2d(Tensor input, Tensor weight, int stride_0, int stride_1, int padding_0, int padding_1, int dilation_0,
        int dilation_1, int groups) =>
        Plain(input, weight, [stride_0, stride_1], [padding_0, padding_1], [dilation_0, dilation_1], groups);

    public static Tensor mlx_conv3d(Tensor input, Tensor weight, int stride_0, int stride_1, int stride_2, int padding_0,
        int padding_1, int padding_2,
        int dilation_0, int dilation_1, int dilation_2, int groups) =>
        Plain(input, weight, [stride_0, stride_1, stride_2], [padding_0, padding_1, padding_2],
            [dilation_0, dilation_1, dilation_2], groups);

    private static Tensor Plain(Tensor input, Tensor weight, int[] stride, int[] padding, int[] dilation, int groups) =>
        mlx_conv_general(input, weight, stride, padding, padding, dilation, [], groups, false);

    public static Tensor mlx_conv_transpose1d(Tensor input, Tensor weight, int stride, int padding, int dilation,
        int output_padding, int groups) =>
        Transposed(input, weight, [stride], [padding], [dilation], [output_padding], groups);

    public static Tensor mlx_conv_transpose2d(Tensor input, Tensor weight, int stride_0, int stride_1, int padding_0, int padding_1,
        int dilation_0, int dilation_1,
        int output_padding_0, int output_padding_1, int groups) =>
        Transposed(input, weight, [stride_0, stride_1], [padding_0, padding_1], [dilation_0, dilation_1],
            [output_padding_0, output_padding_1], groups);

    public static Tensor mlx_conv_transpose3d(Tensor input, Tensor weight, int stride_0, int stride_1, int stride_2, int padding_0,
        int padding_1, int padding_2,
        int dilation_0, int dilation_1, int dilation_2, int output_padding_0, int output_padding_1, int output_padding_2, int groups) =>
        Transposed(input, weight, [stride_0, stride_1, stride_2], [padding_0, padding_1, padding_2], [dilation_0, dilation_1, dilation_2],
            [output_padding_0, output_padding_1, output_padding_2], groups);

    /// <summary>Computes a convolution with a flipped kernel over an input that is dilated by the stride.</summary>
    private static Tensor Transposed(Tensor input, Tensor weight, int[] stride, int[] padding, int[] dilation,
        int[] outputPadding, int groups)
    {
        if (input.NDim != stride.Length + 2 || weight.NDim != stride.Length + 2)
        {
            throw new MlxFailure($"[conv] Invalid input of shape {Errors.Text(input.Shape)} or weight of "
                + $"shape {Errors.Text(weight.Shape)} for {stride.Length}D convolution.");
        }
        int[] low = [.. padding.Select((p, i) => dilation[i] * (weight.Shape[i + 1] - 1) - p)];
        return mlx_conv_general(input, weight, [], low, [.. low.Zip(outputPadding, (l, o) => l + o)], dilation, stride, groups, true);
    }
}
