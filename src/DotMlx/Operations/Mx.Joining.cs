using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Joins arrays along an existing axis.</summary>
    /// <param name="arrays">Arrays that agree in all other axes.</param>
    /// <param name="axis">Axis to join along, negative from the end; null flattens each array first.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, of the promoted dtype.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes do not agree.</exception>
    /// <remarks>mlx.core.concatenate; C: mlx_concatenate_axis, mlx_concatenate.</remarks>
    public static MlxArray Concatenate(ReadOnlySpan<MlxArray> arrays, int? axis = 0, MlxStream? stream = null)
    {
        if (axis is int one)
        {
            return Call.Join(&Mlxc.mlx_concatenate_axis, "mlx_concatenate_axis", arrays, one, stream);
        }

        using VectorArray inputs = VectorArray.From(arrays);
        mlx_array result = default;
        return Op.Result(Mlxc.mlx_concatenate(&result, inputs.Handle, Op.Stream(stream)), result, "mlx_concatenate");
    }

    /// <summary>Joins arrays along an existing axis; the short name of <see cref="Concatenate"/>.</summary>
    /// <param name="arrays">Arrays that agree in all other axes.</param>
    /// <param name="axis">Axis to join along, negative from the end; null flattens each array first.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, of the promoted dtype.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes do not agree.</exception>
    /// <remarks>mlx.core.concat; C: mlx_concatenate_axis, mlx_concatenate.</remarks>
    public static MlxArray Concat(ReadOnlySpan<MlxArray> arrays, int? axis = 0, MlxStream? stream = null)
        => Concatenate(arrays, axis, stream);

    /// <summary>Joins arrays along a new axis.</summary>
    /// <param name="arrays">Arrays of one shape.</param>
    /// <param name="axis">Place of the new axis in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, with one axis more.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes differ.</exception>
    /// <remarks>mlx.core.stack; C: mlx_stack_axis.</remarks>
    public static MlxArray Stack(ReadOnlySpan<MlxArray> arrays, int axis = 0, MlxStream? stream = null)
        => Call.Join(&Mlxc.mlx_stack_axis, "mlx_stack_axis", arrays, axis, stream);

    /// <summary>Splits an array into equal parts.</summary>
    /// <param name="a">Array with at least one axis.</param>
    /// <param name="sections">Number of parts; it must divide the axis.</param>
    /// <param name="axis">Axis to split, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="MlxException">The axis is out of range or cannot be divided.</exception>
    /// <remarks>mlx.core.split; C: mlx_split.</remarks>
    public static MlxArray[] Split(MlxArray a, int sections, int axis = 0, MlxStream? stream = null)
    {
        mlx_vector_array results = default;
        int status = Mlxc.mlx_split(&results, Op.Handle(a), sections, axis, Op.Stream(stream));
        GC.KeepAlive(a);
        return Native.Arrays(status, results, "mlx_split");
    }

    /// <summary>Splits an array at given positions.</summary>
    /// <param name="a">Array with at least one axis.</param>
    /// <param name="indices">Positions before which to split; n positions give n + 1 parts.</param>
    /// <param name="axis">Axis to split, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="MlxException">The axis is out of range.</exception>
    /// <remarks>mlx.core.split; C: mlx_split_sections.</remarks>
    public static MlxArray[] Split(MlxArray a, ReadOnlySpan<int> indices, int axis = 0, MlxStream? stream = null)
    {
        mlx_vector_array results = default;
        fixed (int* first = indices)
        {
            int status = Mlxc.mlx_split_sections(
                &results, Op.Handle(a), first, (nuint)indices.Length, axis, Op.Stream(stream));
            GC.KeepAlive(a);
            return Native.Arrays(status, results, "mlx_split_sections");
        }
    }

    /// <summary>Coordinate arrays from coordinate rows.</summary>
    /// <param name="arrays">Rows of coordinates, one for each axis.</param>
    /// <returns>One array for each row, of the shape of the whole grid ('xy' order).</returns>
    /// <remarks>mlx.core.meshgrid; C: mlx_meshgrid.</remarks>
    public static MlxArray[] Meshgrid(params ReadOnlySpan<MlxArray> arrays) => Meshgrid(arrays, false);

    /// <summary>Coordinate arrays from coordinate rows.</summary>
    /// <param name="arrays">Rows of coordinates, one for each axis.</param>
    /// <param name="sparse">Whether the results keep size 1 in all axes but their own.</param>
    /// <param name="indexing">"xy" (the first two axes exchanged, as in plots) or "ij" (as in matrices).</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>One array for each row.</returns>
    /// <exception cref="MlxException"><paramref name="indexing"/> is neither "xy" nor "ij".</exception>
    /// <remarks>mlx.core.meshgrid; C: mlx_meshgrid.</remarks>
    public static MlxArray[] Meshgrid(
        ReadOnlySpan<MlxArray> arrays, bool sparse, string indexing = "xy", MlxStream? stream = null)
    {
        using VectorArray inputs = VectorArray.From(arrays);
        using NativeText order = new(indexing, nameof(indexing));
        mlx_vector_array results = default;
        int status = Mlxc.mlx_meshgrid(&results, inputs.Handle, Native.Byte(sparse), order.Pointer, Op.Stream(stream));
        return Native.Arrays(status, results, "mlx_meshgrid");
    }

    /// <summary>Repeats each element.</summary>
    /// <param name="array">Array of any shape.</param>
    /// <param name="repeats">How often each element is repeated.</param>
    /// <param name="axis">Axis to repeat along, negative from the end; null flattens first.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array whose axis is <paramref name="repeats"/> times as long.</returns>
    /// <exception cref="MlxException">The axis is out of range or the count negative.</exception>
    /// <remarks>mlx.core.repeat; C: mlx_repeat_axis, mlx_repeat.</remarks>
    public static MlxArray Repeat(MlxArray array, int repeats, int? axis = null, MlxStream? stream = null)
        => axis is int one
            ? Call.Int2(&Mlxc.mlx_repeat_axis, "mlx_repeat_axis", array, repeats, one, stream)
            : Call.Int(&Mlxc.mlx_repeat, "mlx_repeat", array, repeats, stream);

    /// <summary>Repeats the whole array along its axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="reps">Repetitions, aligned at the last axis.</param>
    /// <returns>The tiled array.</returns>
    /// <remarks>mlx.core.tile; C: mlx_tile.</remarks>
    public static MlxArray Tile(MlxArray a, params ReadOnlySpan<int> reps) => Tile(a, reps, null);

    /// <inheritdoc cref="Tile(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">Array of any shape.</param>
    /// <param name="reps">Repetitions, aligned at the last axis.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Tile(MlxArray a, ReadOnlySpan<int> reps, MlxStream? stream)
        => Call.Ints(&Mlxc.mlx_tile, "mlx_tile", a, reps, stream);

    /// <summary>Pads every axis by the same width on both sides.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="padWidth">Elements added before and after each axis.</param>
    /// <param name="mode">"constant" or "edge"; MLX 0.32.1 adds "reflect" and "symmetric".</param>
    /// <param name="constantValues">Scalar to pad with; null is zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="MlxException">The width is negative or the mode unknown.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad_symmetric.</remarks>
    public static MlxArray Pad(
        MlxArray a, int padWidth, string mode = "constant", MlxArray? constantValues = null, MlxStream? stream = null)
    {
        using NativeText modeText = new(mode, nameof(mode));
        MlxArray value = constantValues ?? 0;
        mlx_array result = default;
        int status = Mlxc.mlx_pad_symmetric(
            &result, Op.Handle(a), padWidth, Op.Handle(value), modeText.Pointer, Op.Stream(stream));
        GC.KeepAlive(a);
        GC.KeepAlive(value);
        return Op.Result(status, result, "mlx_pad_symmetric");
    }

    /// <summary>Pads every axis by the same pair of widths.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="padWidth">Elements added before and after each axis.</param>
    /// <param name="mode">"constant" or "edge"; MLX 0.32.1 adds "reflect" and "symmetric".</param>
    /// <param name="constantValues">Scalar to pad with; null is zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="MlxException">A width is negative or the mode unknown.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad.</remarks>
    public static MlxArray Pad(
        MlxArray a, (int Before, int After) padWidth, string mode = "constant",
        MlxArray? constantValues = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        (int, int)[] widths = new (int, int)[a.NDim];
        Array.Fill(widths, padWidth);
        return Pad(a, widths, mode, constantValues, stream);
    }

    /// <summary>Pads each axis by its own pair of widths.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="padWidth">Elements added before and after each axis: one pair for all axes or one for each.</param>
    /// <param name="mode">"constant" or "edge"; MLX 0.32.1 adds "reflect" and "symmetric".</param>
    /// <param name="constantValues">Scalar to pad with; null is zero.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The padded array.</returns>
    /// <exception cref="ArgumentException">The number of pairs is neither 1 nor the number of axes.</exception>
    /// <exception cref="MlxException">A width is negative or the mode unknown.</exception>
    /// <remarks>mlx.core.pad; C: mlx_pad.</remarks>
    public static MlxArray Pad(
        MlxArray a, ReadOnlySpan<(int Before, int After)> padWidth, string mode = "constant",
        MlxArray? constantValues = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        int ndim = a.NDim;
        if (padWidth.Length != ndim && padWidth.Length != 1)
        {
            throw new ArgumentException(
                $"{padWidth.Length} pairs of widths were given for an array of {ndim} axes; give one pair or {ndim}.", nameof(padWidth));
        }

        int[] axes = new int[ndim];
        int[] before = new int[ndim];
        int[] after = new int[ndim];
        for (int i = 0; i < ndim; i++)
        {
            axes[i] = i;
            (before[i], after[i]) = padWidth[padWidth.Length == 1 ? 0 : i];
        }

        using NativeText modeText = new(mode, nameof(mode));
        MlxArray value = constantValues ?? 0;
        mlx_array result = default;
        fixed (int* axis = axes, low = before, high = after)
        {
            nuint count = (nuint)ndim;
            int status = Mlxc.mlx_pad(
                &result, Op.Handle(a), axis, count, low, count, high, count, Op.Handle(value), modeText.Pointer, Op.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(value);
            return Op.Result(status, result, "mlx_pad");
        }
    }

    /// <summary>Shifts elements along one axis or, where none is named, in the flattened order; what leaves at one end enters at the other.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shift">Places to shift; negative shifts towards the start.</param>
    /// <param name="axis">Axis to shift along, negative from the end; null shifts the flattened elements.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The axis is out of range.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll, mlx_roll_axis.</remarks>
    public static MlxArray Roll(MlxArray a, int shift, int? axis = null, MlxStream? stream = null)
    {
        mlx_array result = default;
        mlx_array input = Op.Handle(a);
        MlxArray rolled = axis is int one
            ? Op.Result(Mlxc.mlx_roll_axis(&result, input, &shift, 1, one, Op.Stream(stream)), result, "mlx_roll_axis")
            : Op.Result(Mlxc.mlx_roll(&result, input, &shift, 1, Op.Stream(stream)), result, "mlx_roll");
        GC.KeepAlive(a);
        return rolled;
    }

    /// <summary>Shifts elements by the same number of places along several axes.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shift">Places to shift along each axis.</param>
    /// <param name="axes">Axes to shift along, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">An axis is out of range.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll_axes.</remarks>
    public static MlxArray Roll(MlxArray a, int shift, ReadOnlySpan<int> axes, MlxStream? stream = null)
    {
        int[] shifts = new int[axes.Length];
        Array.Fill(shifts, shift);
        return Roll(a, shifts, axes, stream);
    }

    /// <summary>Shifts elements along several axes, each by its own number of places.</summary>
    /// <param name="a">Array of any shape.</param>
    /// <param name="shift">Places to shift along each axis.</param>
    /// <param name="axes">Axes to shift along, negative from the end; as many as shifts.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>Array of the shape of <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">An axis is out of range or the counts differ.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll_axes.</remarks>
    public static MlxArray Roll(MlxArray a, ReadOnlySpan<int> shift, ReadOnlySpan<int> axes, MlxStream? stream = null)
    {
        mlx_array result = default;
        fixed (int* shifts = shift, axis = axes)
        {
            int status = Mlxc.mlx_roll_axes(
                &result, Op.Handle(a), shifts, (nuint)shift.Length, axis, (nuint)axes.Length, Op.Stream(stream));
            GC.KeepAlive(a);
            return Op.Result(status, result, "mlx_roll_axes");
        }
    }
}
