using System.Globalization;

namespace DotMlx.NN;

/// <summary>Normalizes groups of channels of each example (<c>nn.GroupNorm</c>).</summary>
public sealed partial class GroupNorm : Module, IUnaryModule
{
    private readonly int _groups;
    private readonly int _dims;
    private readonly double _eps;
    private readonly bool _pytorchCompatible;

    /// <summary>Creates the layer.</summary>
    /// <param name="numGroups">The number of groups, which must divide <paramref name="dims"/>.</param>
    /// <param name="dims">The number of channels, the size of the last axis.</param>
    /// <param name="eps">The term added to the variance, greater than 0.</param>
    /// <param name="affine">Whether the layer has a learned scale and offset.</param>
    /// <param name="pytorchCompatible">
    /// Whether a group consists of adjacent channels, as in PyTorch, rather than of every n-th channel.
    /// </param>
    /// <exception cref="ArgumentException">The number of groups doesn't divide the channels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number isn't positive.</exception>
    public GroupNorm(int numGroups, int dims, double eps = 1e-5, bool affine = true, bool pytorchCompatible = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numGroups);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dims);
        if (dims % numGroups != 0)
        {
            throw new ArgumentException($"[GroupNorm] {dims} channels cannot be divided into {numGroups} groups.", nameof(numGroups));
        }
        _groups = numGroups;
        _dims = dims;
        _eps = LayerInit.PositiveEps(eps, nameof(GroupNorm));
        _pytorchCompatible = pytorchCompatible;
        Bias = affine ? Mx.Zeros(dims) : null;
        Weight = affine ? Mx.Ones(dims) : null;
    }

    /// <summary>The offset, of shape (dims,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The scale, of shape (dims,), or null.</summary>
    public MlxArray? Weight { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, ..., dims).</param>
    /// <returns>The output, of the same shape.</returns>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = _pytorchCompatible ? NeighboringChannels(x) : EveryNthChannel(x);
        return scope.Keep(Weight is null ? y : (Weight * y) + Bias!);
    }

    private MlxArray NeighboringChannels(MlxArray x)
    {
        int batch = x.Shape[0], size = _dims / _groups;
        int[] rest = x.Shape[1..^1].ToArray();
        MlxArray grouped = Mx.Transpose(Mx.Reshape(x, batch, -1, _groups, size), 0, 2, 1, 3);
        MlxArray normal = Mx.Fast.LayerNorm(Mx.Reshape(grouped, batch, _groups, -1), null, null, _eps);
        MlxArray back = Mx.Transpose(Mx.Reshape(normal, batch, _groups, -1, size), 0, 2, 1, 3);
        return Mx.Reshape(back, [batch, .. rest, _dims]);
    }

    private MlxArray EveryNthChannel(MlxArray x)
    {
        int[] shape = x.Shape.ToArray();
        MlxArray grouped = Mx.Reshape(x, shape[0], -1, _groups);
        MlxArray mean = Mx.Mean(grouped, axis: 1, keepdims: true);
        MlxArray variance = Mx.Var(grouped, axis: 1, keepdims: true);
        return Mx.Reshape((grouped - mean) * Mx.Rsqrt(variance + _eps), shape);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_groups}, {_dims}, eps={LayerInit.Text(_eps)}, affine={LayerInit.Text(Weight is not null)}, "
        + $"pytorch_compatible={LayerInit.Text(_pytorchCompatible)}");
}
