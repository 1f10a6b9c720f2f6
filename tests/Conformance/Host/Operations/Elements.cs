using System.Runtime.InteropServices;

namespace DotMlx.Conformance.Operations;

/// <summary>Reads and writes the elements of arrays by their dtype.</summary>
internal abstract class Elements
{
    public static Elements Of(DType type) => type switch
    {
        DType.Bool => new Typed<bool>(),
        DType.UInt8 => new Typed<byte>(),
        DType.UInt16 => new Typed<ushort>(),
        DType.UInt32 => new Typed<uint>(),
        DType.UInt64 => new Typed<ulong>(),
        DType.Int8 => new Typed<sbyte>(),
        DType.Int16 => new Typed<short>(),
        DType.Int32 => new Typed<int>(),
        DType.Int64 => new Typed<long>(),
        DType.Float16 => new Typed<Half>(),
        DType.Float32 => new Typed<float>(),
        DType.Float64 => new Typed<double>(),
        DType.BFloat16 => new Typed<BFloat16>(),
        DType.Complex64 => new Typed<Complex64>(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public abstract MlxArray Create(byte[] bytes, int[] shape);

    public abstract byte[] Bytes(MlxArray array);

    public abstract object Item(MlxArray array);

    private sealed class Typed<T> : Elements
        where T : unmanaged
    {
        public override MlxArray Create(byte[] bytes, int[] shape)
        {
            ReadOnlySpan<T> data = MemoryMarshal.Cast<byte, T>(bytes);
            return shape.Length == 0 ? MlxArray.Scalar(data[0]) : MlxArray.Create(data, shape);
        }

        public override byte[] Bytes(MlxArray array) => MemoryMarshal.AsBytes<T>(array.ToArray<T>()).ToArray();

        public override object Item(MlxArray array) => array.Item<T>();
    }
}
