namespace DotMlx.Conformance.Wire;

/// <summary>The first byte of a value on the wire; <c>package/mlx/_wire.py</c> has the same numbers.</summary>
internal enum Tag : byte
{
    None, True, False, Int, UInt64, Float, Complex, Text, Handle, List, Tuple, Dictionary, DType, Slice, Ellipsis, Bytes, Function,
    Category, Device, Array, Object,
}
