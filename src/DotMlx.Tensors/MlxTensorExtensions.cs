using System.Numerics;
using System.Numerics.Tensors;

namespace DotMlx;

/// <summary>
/// Converts between arrays and tensors of System.Numerics.Tensors: <c>MlxArray.Create(tensor)</c>, <c>array.ToTensor&lt;float&gt;()</c>,
/// <c>array.ReadTensor&lt;float, float&gt;(elements => …)</c>.
/// </summary>
public static unsafe class MlxTensorExtensions
{
    /// <param name="array">The array to read; it is evaluated first.</param>
    extension(MlxArray array)
    {
        /// <summary>Copies a tensor; its lengths become the shape (<c>mlx_array_new_data</c>).</summary>
        /// <typeparam name="T">
        /// bool, an integer of 8 to 64 bits, Half, BFloat16, float, double, Complex64, or Complex; it determines the element type.
        /// </typeparam>
        /// <param name="tensor">
        /// The elements, with any strides. Elements that are dense in row-major order are copied once, and there may be more of them than a
        /// .NET array can hold.
        /// </param>
        /// <exception cref="ArgumentException">
        /// A length exceeds the limit of MLX's shapes, 2,147,483,647, or there are too many elements to reorder.
        /// </exception>
        /// <exception cref="NotSupportedException">MLX has no element type for <typeparamref name="T"/>.</exception>
        public static MlxArray Create<T>(in ReadOnlyTensorSpan<T> tensor)
            where T : unmanaged
        {
            int[] shape = ShapeOf(tensor);
            nint count = tensor.FlattenedLength;
            if (tensor.IsDense && count > 0 && typeof(T) != typeof(Complex))
            {
                fixed (T* elements = tensor)
                {
                    return MlxArray.FromPointer(elements, count, shape);
                }
            }

            if (count > Array.MaxLength)
            {
                throw new ArgumentException(
                    $"The tensor has {count} elements, shape {ShapeText.Of(shape)}, that must be put in order or converted, and a .NET "
                    + $"array holds {Array.MaxLength}: "
                    + "create arrays of its slices and concatenate them.",
                    nameof(tensor));
            }

            var ordered = new T[count];
            if (count > 0)
            {
                tensor.FlattenTo(ordered);
            }

            return MlxArray.Create((ReadOnlySpan<T>)ordered, shape);
        }

        /// <inheritdoc cref="Create{T}(in ReadOnlyTensorSpan{T})"/>
        public static MlxArray Create<T>(Tensor<T> tensor)
            where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(tensor);
            return Create(tensor.AsReadOnlyTensorSpan());
        }

        /// <summary>
        /// Returns a copy of the elements as a tensor of the same shape. A scalar gives one dimension of length 1, because every tensor has
        /// at least one.
        /// </summary>
        /// <typeparam name="T">The .NET type that matches the element type exactly; nothing is converted.</typeparam>
        /// <exception cref="InvalidOperationException">
        /// The array has another element type, or more elements than a .NET array can hold.
        /// </exception>
        /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
        public Tensor<T> ToTensor<T>()
            where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(array);
            return Tensor.Create(array.ToArray<T>(), LengthsOf(array.Shape));
        }

        /// <summary>
        /// Reads the elements in MLX's memory as a tensor of the same shape, without a copy. Only arrays with a layout that no tensor
        /// supports are copied: with negative strides, or with overlapping elements. A scalar gives one dimension of length 1, because
        /// every tensor has at least one.
        /// </summary>
        /// <typeparam name="T">The .NET type that matches the element type exactly; nothing is converted.</typeparam>
        /// <typeparam name="TResult">The result of the function.</typeparam>
        /// <param name="read">
        /// Called once with the elements, which stay valid until it returns; the tensor of a transposed array has the array's strides.
        /// </param>
        /// <exception cref="InvalidOperationException">
        /// The array has another element type, or must be copied and has more elements than a .NET array can hold.
        /// </exception>
        /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
        public TResult ReadTensor<T, TResult>(Func<ReadOnlyTensorSpan<T>, TResult> read)
            where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(array);
            ArgumentNullException.ThrowIfNull(read);
            array.CheckType<T>("ReadTensor");
            using var held = new HeldArray(array);
            nint[] lengths = LengthsOf(held.Shape);

            // Complex is twice as wide as MLX's elements.
            if (typeof(T) != typeof(Complex) && held.Size > 0)
            {
                byte* data = held.Data();
                var strides = new nint[lengths.Length];
                if (TensorStrides.TryConvert(lengths, held.Strides, strides, out nint reach))
                {
                    return read(new ReadOnlyTensorSpan<T>((T*)data, reach, lengths, strides));
                }
            }

            return read(new ReadOnlyTensorSpan<T>(array.ToArray<T>(), lengths));
        }
    }

    private static int[] ShapeOf<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        var shape = new int[tensor.Rank];
        for (int i = 0; i < shape.Length; i++)
        {
            nint length = tensor.Lengths[i];
            shape[i] = length <= int.MaxValue
                ? (int)length
                : throw new ArgumentException($"Dimension {i} of the tensor has {length} elements; a dimension of an array has at "
                + $"most {int.MaxValue}.", nameof(tensor));
        }

        return shape;
    }

    private static nint[] LengthsOf(ReadOnlySpan<int> shape)
    {
        var lengths = new nint[Math.Max(shape.Length, 1)];
        lengths[0] = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            lengths[i] = shape[i];
        }

        return lengths;
    }
}
