using System.Runtime.CompilerServices;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>array.h: arrays from C data, their properties, and their elements.</summary>
internal static unsafe class ArrayFunctions
{
    internal static mlx_array NewArray(Tensor tensor) => new() { ctx = Handles.New(tensor) };

    internal static Tensor One<T>(mlx_dtype dtype, T value) where T : unmanaged => Tensor.From<T>(dtype, [], [value]);

    private static Tensor FromData(void* data, int* shape, int dim, mlx_dtype dtype)
    {
        DTypes.SizeOf(dtype);
        if (dim < 0 || (dim > 0 && shape == null)) throw new MlxFailure("[array] The shape is missing.");
        var result = new Tensor(dtype, [.. new ReadOnlySpan<int>(shape, dim)]);
        if (data == null && result.Size > 0) throw new MlxFailure("[array] The data is missing.");
        Unsafe.CopyBlockUnaligned(result.Pointer, data, (uint)result.NBytes);
        return result;
    }

    private static mlx_complex64 Complex64(float re, float im) => new() { re = re, im = im };

    public static mlx_array mlx_array_new() => default;

    public static mlx_array mlx_array_new_bool(byte val) => NewArray(One(MLX_BOOL, val != 0 ? (byte)1 : (byte)0));

    public static mlx_array mlx_array_new_int(int val) => NewArray(One(MLX_INT32, val));

    public static mlx_array mlx_array_new_float32(float val) => NewArray(One(MLX_FLOAT32, val));

    public static mlx_array mlx_array_new_float(float val) => mlx_array_new_float32(val);

    public static mlx_array mlx_array_new_float64(double val) => NewArray(One(MLX_FLOAT64, val));

    public static mlx_array mlx_array_new_double(double val) => mlx_array_new_float64(val);

    public static mlx_array mlx_array_new_complex(float real_val, float imag_val) =>
        NewArray(One(MLX_COMPLEX64, Complex64(real_val, imag_val)));

    public static mlx_array mlx_array_new_data(void* data, int* shape, int dim, mlx_dtype dtype) =>
        NewArray(FromData(data, shape, dim, dtype));

    public static mlx_array mlx_array_new_data_managed(void* data, int* shape, int dim, mlx_dtype dtype,
        delegate* unmanaged[Cdecl]<void*, void> dtor) =>
        mlx_array_new_data_managed_payload(data, shape, dim, dtype, data, dtor);

    public static mlx_array mlx_array_new_data_managed_payload(
        void* data, int* shape, int dim, mlx_dtype dtype, void* payload, delegate* unmanaged[Cdecl]<void*, void> dtor)
    {
        if (dtor == null) return mlx_array_new_data(data, shape, dim, dtype);
        if (data == null) throw new MlxFailure("[array] The data is missing.");
        return NewArray(Tensor.Wrap(data, [.. new ReadOnlySpan<int>(shape, dim)], dtype, payload, dtor));
    }

    public static int mlx_array_set(mlx_array* arr, mlx_array src) => Assign(&arr->ctx, Array_(src));

    public static int mlx_array_set_bool(mlx_array* arr, byte val) => Assign(&arr->ctx, One(MLX_BOOL, val != 0 ? (byte)1 : (byte)0));

    public static int mlx_array_set_int(mlx_array* arr, int val) => Assign(&arr->ctx, One(MLX_INT32, val));

    public static int mlx_array_set_float32(mlx_array* arr, float val) => Assign(&arr->ctx, One(MLX_FLOAT32, val));

    public static int mlx_array_set_float(mlx_array* arr, float val) => mlx_array_set_float32(arr, val);

    public static int mlx_array_set_float64(mlx_array* arr, double val) => Assign(&arr->ctx, One(MLX_FLOAT64, val));

    public static int mlx_array_set_double(mlx_array* arr, double val) => mlx_array_set_float64(arr, val);

    public static int mlx_array_set_complex(mlx_array* arr, float real_val, float imag_val) =>
        Assign(&arr->ctx, One(MLX_COMPLEX64, Complex64(real_val, imag_val)));

    public static int mlx_array_set_data(mlx_array* arr, void* data, int* shape, int dim, mlx_dtype dtype) =>
        Assign(&arr->ctx, FromData(data, shape, dim, dtype));

    public static int mlx_array_free(mlx_array arr) => Handles.Free(arr.ctx, nameof(mlx_array));

    public static nuint mlx_dtype_size(mlx_dtype dtype) => (nuint)DTypes.SizeOf(dtype);

    public static nuint mlx_array_itemsize(mlx_array arr) => mlx_dtype_size(Array_(arr).DType);

    public static nuint mlx_array_size(mlx_array arr) => (nuint)Array_(arr).Size;

    public static nuint mlx_array_nbytes(mlx_array arr) => (nuint)Array_(arr).NBytes;

    public static nuint mlx_array_ndim(mlx_array arr) => (nuint)Array_(arr).NDim;

    public static int* mlx_array_shape(mlx_array arr) => Array_(arr).NativeShape;

    public static nuint* mlx_array_strides(mlx_array arr) => Array_(arr).NativeStrides;

    public static int mlx_array_dim(mlx_array arr, int dim)
    {
        var tensor = Array_(arr);
        return tensor.Shape[Shapes.Axis(dim, tensor.NDim, "[array_dim] ")];
    }

    public static mlx_dtype mlx_array_dtype(mlx_array arr) => Array_(arr).DType;

    public static int mlx_array_tostring(mlx_string* str, mlx_array arr) => SetText(str, Printing.Print(Array_(arr)));

    // Operations are computed immediately, so there is nothing to evaluate or wait for.
    public static int mlx_array_eval(mlx_array arr) => Valid(arr);

    public static int _mlx_array_wait(mlx_array arr) => Valid(arr);

    internal static int Valid(mlx_array arr)
    {
        Array_(arr);
        return 0;
    }

    public static int _mlx_array_is_available(byte* res, mlx_array arr) => Yes(res, arr);

    public static int _mlx_array_is_contiguous(byte* res, mlx_array arr) => Yes(res, arr);

    public static int _mlx_array_is_row_contiguous(byte* res, mlx_array arr) => Yes(res, arr);

    public static int _mlx_array_is_col_contiguous(byte* res, mlx_array arr)
    {
        *res = Array_(arr).Shape.Count(x => x > 1) < 2 ? (byte)1 : (byte)0;
        return 0;
    }

    private static int Yes(byte* res, mlx_array arr)
    {
        Array_(arr);
        *res = 1;
        return 0;
    }

    private static int Item<T>(T* res, mlx_array arr) where T : unmanaged
    {
        var tensor = Array_(arr);
        if (tensor.Size != 1) throw new MlxFailure("item can only be called on arrays of size 1.");
        if (tensor.NBytes < sizeof(T))
            throw new MlxFailure($"[item] The array's type is {DTypes.Name(tensor.DType)}, which is smaller than the type asked for.");
        *res = *(T*)tensor.Pointer;
        return 0;
    }

    internal static T* Data<T>(mlx_array arr) where T : unmanaged => (T*)Array_(arr).Pointer;

    public static int mlx_array_item_bool(byte* res, mlx_array arr) => Item(res, arr);

    public static byte* mlx_array_data_bool(mlx_array arr) => Data<byte>(arr);

    public static int mlx_array_item_uint8(byte* res, mlx_array arr) => Item(res, arr);

    public static byte* mlx_array_data_uint8(mlx_array arr) => Data<byte>(arr);

    public static int mlx_array_item_uint16(ushort* res, mlx_array arr) => Item(res, arr);

    public static ushort* mlx_array_data_uint16(mlx_array arr) => Data<ushort>(arr);

    public static int mlx_array_item_uint32(uint* res, mlx_array arr) => Item(res, arr);

    public static uint* mlx_array_data_uint32(mlx_array arr) => Data<uint>(arr);

    public static int mlx_array_item_uint64(ulong* res, mlx_array arr) => Item(res, arr);

    public static ulong* mlx_array_data_uint64(mlx_array arr) => Data<ulong>(arr);

    public static int mlx_array_item_int8(sbyte* res, mlx_array arr) => Item(res, arr);

    public static sbyte* mlx_array_data_int8(mlx_array arr) => Data<sbyte>(arr);

    public static int mlx_array_item_int16(short* res, mlx_array arr) => Item(res, arr);

    public static short* mlx_array_data_int16(mlx_array arr) => Data<short>(arr);

    public static int mlx_array_item_int32(int* res, mlx_array arr) => Item(res, arr);

    public static int* mlx_array_data_int32(mlx_array arr) => Data<int>(arr);

    public static int mlx_array_item_int64(long* res, mlx_array arr) => Item(res, arr);

    public static long* mlx_array_data_int64(mlx_array arr) => Data<long>(arr);

    public static int mlx_array_item_float32(float* res, mlx_array arr) => Item(res, arr);

    public static float* mlx_array_data_float32(mlx_array arr) => Data<float>(arr);

    public static int mlx_array_item_float64(double* res, mlx_array arr) => Item(res, arr);

    public static double* mlx_array_data_float64(mlx_array arr) => Data<double>(arr);

    public static int mlx_array_item_complex64(mlx_complex64* res, mlx_array arr) => Item(res, arr);

    public static mlx_complex64* mlx_array_data_complex64(mlx_array arr) => Data<mlx_complex64>(arr);

    public static int mlx_array_item_float16(ushort* res, mlx_array arr) => Item(res, arr);

    public static ushort* mlx_array_data_float16(mlx_array arr) => Data<ushort>(arr);

    public static int mlx_array_item_bfloat16(ushort* res, mlx_array arr) => Item(res, arr);

    public static ushort* mlx_array_data_bfloat16(mlx_array arr) => Data<ushort>(arr);
}
