using System.Numerics;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>A weakly typed Boolean; by itself, it is a <see cref="DType.Bool"/> array.</summary>
    public static implicit operator MlxArray(bool value) => WeakScalar.From(value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array.</summary>
    public static implicit operator MlxArray(byte value) => WeakScalar.From((long)value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array.</summary>
    public static implicit operator MlxArray(sbyte value) => WeakScalar.From((long)value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array.</summary>
    public static implicit operator MlxArray(short value) => WeakScalar.From((long)value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array.</summary>
    public static implicit operator MlxArray(ushort value) => WeakScalar.From((long)value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array.</summary>
    public static implicit operator MlxArray(int value) => WeakScalar.From((long)value);

    /// <summary>
    /// A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array, or <see cref="DType.Int64"/> if it doesn't fit.
    /// </summary>
    public static implicit operator MlxArray(uint value) => WeakScalar.From((long)value);

    /// <summary>
    /// A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array, or <see cref="DType.Int64"/> if it doesn't fit.
    /// </summary>
    public static implicit operator MlxArray(long value) => WeakScalar.From(value);

    /// <summary>A weakly typed integer; by itself, it is an <see cref="DType.Int32"/> array, or a wider one if it doesn't fit.</summary>
    public static implicit operator MlxArray(ulong value) => WeakScalar.From(value);

    /// <summary>A weakly typed number; by itself, it is a <see cref="DType.Float32"/> array.</summary>
    public static implicit operator MlxArray(float value) => WeakScalar.From((double)value);

    /// <summary>A weakly typed number; by itself, it is a <see cref="DType.Float32"/> array, as in Python.</summary>
    public static implicit operator MlxArray(double value) => WeakScalar.From(value);

    /// <summary>A weakly typed number; by itself, it is a <see cref="DType.Float32"/> array.</summary>
    public static implicit operator MlxArray(Half value) => WeakScalar.From((double)value);

    /// <summary>A weakly typed number; by itself, it is a <see cref="DType.Float32"/> array.</summary>
    public static implicit operator MlxArray(BFloat16 value) => WeakScalar.From((double)(float)value);

    /// <summary>A weakly typed complex number, always <see cref="DType.Complex64"/>.</summary>
    public static implicit operator MlxArray(Complex value) => WeakScalar.From(value);

    /// <summary>A weakly typed complex number, always <see cref="DType.Complex64"/>.</summary>
    public static implicit operator MlxArray(Complex64 value) => WeakScalar.From((Complex)value);
}
