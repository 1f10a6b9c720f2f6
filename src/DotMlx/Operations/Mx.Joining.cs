using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Joins arrays along an existing axis.</summary>
    /// <param name="arrays">Arrays with the same sizes in all other axes.</param>
    /// <param name="axis">The axis to join along, negative from the end; null to flatten each array first.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, of the promoted dtype.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes don't match.</exception>
    /// <remarks>mlx.core.concatenate; C: mlx_concatenate_axis, mlx_concatenate.</remarks>
    [OverloadResolutionPriority(1)] // Preferred over the overload for sequences, because arrays are sequences too.
    public static MlxArray Concatenate(ReadOnlySpan<MlxArray> arrays, int? axis = 0, MlxStream? stream = null)
    {
        CheckJoined(arrays, axis);
        if (axis is int one)
        {
            return NativeCall.Join(&Mlxc.mlx_concatenate_axis, "mlx_concatenate_axis", arrays, one, stream);
        }

        using VectorArray inputs = VectorArray.From(arrays);
        mlx_array result = default;
        return NativeCall.Result(Mlxc.mlx_concatenate(&result, inputs.Handle, NativeCall.Stream(stream)), result, "mlx_concatenate");
    }

    /// <summary>
    /// Joins arrays along an existing axis; the short name of <see cref="Concatenate(ReadOnlySpan{MlxArray}, int?, MlxStream)"/>.
    /// </summary>
    /// <param name="arrays">Arrays with the same sizes in all other axes.</param>
    /// <param name="axis">The axis to join along, negative from the end; null to flatten each array first.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, of the promoted dtype.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes don't match.</exception>
    /// <remarks>mlx.core.concat; C: mlx_concatenate_axis, mlx_concatenate.</remarks>
    [OverloadResolutionPriority(1)] // Preferred over the overload for sequences, because arrays are sequences too.
    public static MlxArray Concat(ReadOnlySpan<MlxArray> arrays, int? axis = 0, MlxStream? stream = null)
        => Concatenate(arrays, axis, stream);

    /// <summary>Joins arrays along a new axis.</summary>
    /// <param name="arrays">Arrays of the same shape.</param>
    /// <param name="axis">The position of the new axis in the result, negative from its end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The joined array, with one more axis.</returns>
    /// <exception cref="MlxException">No array is given, or the shapes differ.</exception>
    /// <remarks>mlx.core.stack; C: mlx_stack_axis.</remarks>
    [OverloadResolutionPriority(1)] // Preferred over the overload for sequences, because arrays are sequences too.
    public static MlxArray Stack(ReadOnlySpan<MlxArray> arrays, int axis = 0, MlxStream? stream = null)
    {
        if (!arrays.IsEmpty)
        {
            AxisCheck.CheckNew(arrays[0], [axis], nameof(axis));
        }

        return NativeCall.Join(&Mlxc.mlx_stack_axis, "mlx_stack_axis", arrays, axis, stream);
    }

    /// <summary>Splits an array into equal parts.</summary>
    /// <param name="a">An array with at least one axis.</param>
    /// <param name="sections">The number of parts, which must divide the size of the axis.</param>
    /// <param name="axis">The axis to split, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="MlxException">The axis is out of range, or the number of parts doesn't divide its size.</exception>
    /// <remarks>mlx.core.split; C: mlx_split.</remarks>
    public static MlxArray[] Split(MlxArray a, int sections, int axis = 0, MlxStream? stream = null)
    {
        mlx_vector_array results = default;
        int status = Mlxc.mlx_split(&results, NativeCall.Handle(a), sections, AxisCheck.Of(a, axis), NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Arrays(status, results, "mlx_split");
    }

    /// <summary>Splits an array at given positions.</summary>
    /// <param name="a">An array with at least one axis.</param>
    /// <param name="indices">The positions before which to split. n positions give n + 1 parts.</param>
    /// <param name="axis">The axis to split, negative from the end.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.split; C: mlx_split_sections.</remarks>
    public static MlxArray[] Split(MlxArray a, ReadOnlySpan<int> indices, int axis = 0, MlxStream? stream = null)
    {
        mlx_vector_array results = default;
        fixed (int* first = indices)
        {
            int status = Mlxc.mlx_split_sections(
                &results, NativeCall.Handle(a), first, (nuint)indices.Length, AxisCheck.Of(a, axis), NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Arrays(status, results, "mlx_split_sections");
        }
    }

    /// <summary>Coordinate arrays from coordinate vectors.</summary>
    /// <param name="arrays">The coordinate vectors, one per axis.</param>
    /// <returns>One array per vector, with the shape of the grid ('xy' order).</returns>
    /// <remarks>mlx.core.meshgrid; C: mlx_meshgrid.</remarks>
    public static MlxArray[] Meshgrid(params ReadOnlySpan<MlxArray> arrays) => Meshgrid(arrays, false);

    /// <summary>Coordinate arrays from coordinate vectors.</summary>
    /// <param name="arrays">The coordinate vectors, one per axis.</param>
    /// <param name="sparse">Whether the results have size 1 in all axes except their own.</param>
    /// <param name="indexing">The order of the axes.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>One array per vector.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The order is unknown.</exception>
    /// <remarks>mlx.core.meshgrid; C: mlx_meshgrid.</remarks>
    public static MlxArray[] Meshgrid(
        ReadOnlySpan<MlxArray> arrays, bool sparse, MeshgridIndexing indexing = MeshgridIndexing.XY, MlxStream? stream = null)
    {
        foreach (MlxArray array in arrays)
        {
            SizeLimits.Flat(array, "meshgrid");
        }

        using VectorArray inputs = VectorArray.From(arrays);
        using NativeText order = new(
            indexing switch
            {
                MeshgridIndexing.XY => "xy",
                MeshgridIndexing.IJ => "ij",
                _ => throw new ArgumentOutOfRangeException(nameof(indexing), indexing, "Use MeshgridIndexing.XY or IJ."),
            },
            nameof(indexing));
        mlx_vector_array results = default;
        int status = Mlxc.mlx_meshgrid(&results, inputs.Handle, NativeCall.Byte(sparse), order.Pointer, NativeCall.Stream(stream));
        return NativeCall.Arrays(status, results, "mlx_meshgrid");
    }

    /// <summary>Repeats each element.</summary>
    /// <param name="array">An array of any shape.</param>
    /// <param name="repeats">The number of repetitions of each element.</param>
    /// <param name="axis">The axis to repeat along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose axis is <paramref name="repeats"/> times as long.</returns>
    /// <exception cref="MlxException">The axis is out of range, or the count is negative.</exception>
    /// <remarks>mlx.core.repeat; C: mlx_repeat_axis, mlx_repeat.</remarks>
    public static MlxArray Repeat(MlxArray array, int repeats, int? axis = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(array);
        int along = axis is int one ? AxisCheck.Of(array, one, nameof(axis)) : 0;
        _ = SizeLimits.Axis(SizeLimits.Multiply(axis is null ? SizeLimits.Flat(array, "repeat").Size : array.Shape[along], repeats),
            "repeat", array);
        if (repeats == 0 && axis is not null)
        {
            // MLX drops the other axes in this case.
            int[] shape = [.. array.Shape];
            shape[along] = 0;
            return Zeros(shape, array.DType, stream);
        }

        return axis is null
            ? NativeCall.WithInt(&Mlxc.mlx_repeat, "mlx_repeat", array, repeats, stream)
            : NativeCall.WithTwoInts(&Mlxc.mlx_repeat_axis, "mlx_repeat_axis", array, repeats, along, stream);
    }

    /// <summary>Repeats the whole array along its axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="reps">The number of repetitions of each axis, aligned at the last axis.</param>
    /// <returns>The tiled array.</returns>
    /// <remarks>mlx.core.tile; C: mlx_tile.</remarks>
    public static MlxArray Tile(MlxArray a, params ReadOnlySpan<int> reps) => Tile(a, reps, null);

    /// <inheritdoc cref="Tile(MlxArray, ReadOnlySpan{int})"/>
    /// <param name="a">An array of any shape.</param>
    /// <param name="reps">The number of repetitions of each axis, aligned at the last axis.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    public static MlxArray Tile(MlxArray a, ReadOnlySpan<int> reps, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        for (int i = 1; i <= reps.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(reps[^i], nameof(reps));
            _ = SizeLimits.Axis((long)reps[^i] * (i <= a.NDim ? a.Shape[^i] : 1), "tile", a);
        }

        return NativeCall.WithInts(&Mlxc.mlx_tile, "mlx_tile", a, reps, stream);
    }

    /// <summary>
    /// Shifts elements along an axis or, without an axis, in the flattened array. Elements that leave at one end enter at the other end.
    /// </summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shift">The number of positions to shift; negative toward the start.</param>
    /// <param name="axis">The axis to shift along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll, mlx_roll_axis.</remarks>
    public static MlxArray Roll(MlxArray a, int shift, int? axis = null, MlxStream? stream = null) => Roll(a, [shift], axis, stream);

    /// <summary>Shifts elements by the same number of positions along several axes.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shift">The number of positions to shift along each axis.</param>
    /// <param name="axis">The axes to shift along, negative from the end. An axis that occurs twice is shifted twice.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll_axes.</remarks>
    public static MlxArray Roll(MlxArray a, int shift, ReadOnlySpan<int> axis, MlxStream? stream = null) => Roll(a, [shift], axis, stream);

    /// <summary>Shifts elements by the sum of several numbers of positions.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shift">The numbers of positions, which are added.</param>
    /// <param name="axis">The axis to shift along, negative from the end; null for the flattened array.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The axis is out of range.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll_axes, mlx_roll.</remarks>
    public static MlxArray Roll(MlxArray a, ReadOnlySpan<int> shift, int? axis = null, MlxStream? stream = null)
    {
        if (axis is int one)
        {
            return Roll(a, shift, [one], stream);
        }

        long total = 0;
        foreach (int places in shift)
        {
            total += places;
        }

        int around = (int)(total % Math.Max(SizeLimits.Flat(a, "roll").Size, 1));
        mlx_array result = default;
        int status = Mlxc.mlx_roll(&result, NativeCall.Handle(a), &around, 1, NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, "mlx_roll");
    }

    /// <summary>Shifts elements along several axes, each by its own number of positions.</summary>
    /// <param name="a">An array of any shape.</param>
    /// <param name="shift">The numbers of positions to shift along the axes, or one number for all axes.</param>
    /// <param name="axis">
    /// The axes to shift along, negative from the end: as many as there are shifts, or one axis for all. An axis that occurs twice is
    /// shifted twice.
    /// </param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An axis is out of range.</exception>
    /// <exception cref="ArgumentException">The counts differ, and neither is 1.</exception>
    /// <remarks>mlx.core.roll; C: mlx_roll_axes.</remarks>
    public static MlxArray Roll(MlxArray a, ReadOnlySpan<int> shift, ReadOnlySpan<int> axis, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (shift.Length != axis.Length && shift.Length != 1 && axis.Length != 1)
        {
            throw new ArgumentException($"{shift.Length} shifts were given for {axis.Length} axes; give one, or one per axis.",
                nameof(shift));
        }

        // MLX applies only one shift per axis, so the shifts of each axis are added here.
        long[] totals = new long[a.NDim];
        for (int i = 0; i < (axis.IsEmpty ? 0 : Math.Max(shift.Length, axis.Length)); i++)
        {
            totals[AxisCheck.Of(a, axis[axis.Length == 1 ? 0 : i], nameof(axis))] += shift[shift.Length == 1 ? 0 : i];
        }

        int[] places = new int[a.NDim];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (int)(totals[i] % Math.Max(a.Shape[i], 1));
        }

        int[] moved = [.. AxisCheck.All(a).Where(i => totals[i] != 0)];
        places = [.. moved.Select(i => places[i])];
        mlx_array result = default;
        fixed (int* count = places, along = moved)
        {
            int status = Mlxc.mlx_roll_axes(
                &result, NativeCall.Handle(a), count, (nuint)places.Length, along, (nuint)moved.Length, NativeCall.Stream(stream));
            GC.KeepAlive(a);
            return NativeCall.Result(status, result, "mlx_roll_axes");
        }
    }

    private static string PadModeName(PadMode mode) => mode switch
    {
        PadMode.Constant => "constant",
        PadMode.Edge => "edge",
        PadMode.Reflect => "reflect",
        PadMode.Symmetric => "symmetric",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Use PadMode.Constant, Edge, Reflect, or Symmetric."),
    };

    /// <summary>Checks the axis and the size of the joined array along it.</summary>
    private static void CheckJoined(ReadOnlySpan<MlxArray> arrays, int? axis)
    {
        long total = 0;
        foreach (MlxArray array in arrays)
        {
            ArgumentNullException.ThrowIfNull(array, nameof(arrays));
            total += axis is int one ? array.Shape[AxisCheck.Of(array, one, nameof(axis))] : array.Size;
        }

        if (total > int.MaxValue)
        {
            throw SizeLimits.TooLong(total, "concatenate", $"{arrays.Length} arrays, the first of shape {ShapeText.Of(arrays[0])}");
        }
    }
}
