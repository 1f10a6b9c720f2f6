namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>The array with its axes in reverse order (<c>array.T</c>).</summary>
    public MlxArray T => Mx.Transpose(this);

    /// <summary>The real parts (<c>array.real</c>).</summary>
    public MlxArray Real => Mx.Real(this);

    /// <summary>The imaginary parts (<c>array.imag</c>).</summary>
    public MlxArray Imag => Mx.Imag(this);

    /// <inheritdoc cref="Mx.Reshape(MlxArray, ReadOnlySpan{int})"/>
    public MlxArray Reshape(params ReadOnlySpan<int> shape) => Mx.Reshape(this, shape);

    /// <inheritdoc cref="Mx.Reshape(MlxArray, ReadOnlySpan{int}, MlxStream)"/>
    public MlxArray Reshape(ReadOnlySpan<int> shape, MlxStream? stream) => Mx.Reshape(this, shape, stream);

    /// <inheritdoc cref="Mx.Flatten(MlxArray, int, int, MlxStream)"/>
    public MlxArray Flatten(int startAxis = 0, int endAxis = -1, MlxStream? stream = null) => Mx.Flatten(this, startAxis, endAxis, stream);

    /// <inheritdoc cref="Mx.Squeeze(MlxArray, int?, MlxStream)"/>
    public MlxArray Squeeze(int? axis = null, MlxStream? stream = null) => Mx.Squeeze(this, axis, stream);

    /// <inheritdoc cref="Mx.Squeeze(MlxArray, ReadOnlySpan{int}, MlxStream)"/>
    public MlxArray Squeeze(ReadOnlySpan<int> axis, MlxStream? stream = null) => Mx.Squeeze(this, axis, stream);

    /// <inheritdoc cref="Mx.ExpandDims(MlxArray, int, MlxStream)"/>
    public MlxArray ExpandDims(int axis, MlxStream? stream = null) => Mx.ExpandDims(this, axis, stream);

    /// <inheritdoc cref="Mx.BroadcastTo(MlxArray, ReadOnlySpan{int})"/>
    public MlxArray BroadcastTo(params ReadOnlySpan<int> shape) => Mx.BroadcastTo(this, shape);

    /// <inheritdoc cref="Mx.MoveAxis(MlxArray, int, int, MlxStream)"/>
    public MlxArray MoveAxis(int source, int destination, MlxStream? stream = null) => Mx.MoveAxis(this, source, destination, stream);

    /// <inheritdoc cref="Mx.SwapAxes(MlxArray, int, int, MlxStream)"/>
    public MlxArray SwapAxes(int axis1, int axis2, MlxStream? stream = null) => Mx.SwapAxes(this, axis1, axis2, stream);

    /// <inheritdoc cref="Mx.Transpose(MlxArray, ReadOnlySpan{int})"/>
    public MlxArray Transpose(params ReadOnlySpan<int> axes) => Mx.Transpose(this, axes);

    /// <inheritdoc cref="Mx.Transpose(MlxArray, ReadOnlySpan{int}, MlxStream)"/>
    public MlxArray Transpose(ReadOnlySpan<int> axes, MlxStream? stream) => Mx.Transpose(this, axes, stream);

    /// <inheritdoc cref="Mx.Split(MlxArray, int, int, MlxStream)"/>
    public MlxArray[] Split(int sections, int axis = 0, MlxStream? stream = null) => Mx.Split(this, sections, axis, stream);

    /// <inheritdoc cref="Mx.Split(MlxArray, ReadOnlySpan{int}, int, MlxStream)"/>
    public MlxArray[] Split(ReadOnlySpan<int> indices, int axis = 0, MlxStream? stream = null) => Mx.Split(this, indices, axis, stream);

    /// <inheritdoc cref="Mx.Diagonal(MlxArray, int, int, int, MlxStream)"/>
    public MlxArray Diagonal(int offset = 0, int axis1 = 0, int axis2 = 1, MlxStream? stream = null) =>
        Mx.Diagonal(this, offset, axis1, axis2, stream);

    /// <inheritdoc cref="Mx.Diag(MlxArray, int, MlxStream)"/>
    public MlxArray Diag(int k = 0, MlxStream? stream = null) => Mx.Diag(this, k, stream);

    /// <inheritdoc cref="Mx.View(MlxArray, DType, MlxStream)"/>
    public MlxArray View(DType dtype, MlxStream? stream = null) => Mx.View(this, dtype, stream);
}
