namespace DotMlx;

// Operators for arrays and numbers. C# would find them by implicit conversion, but other languages, such as F#, don't.
public sealed unsafe partial class MlxArray
{
    /// <summary>Sum of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator +(MlxArray a, int b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator +(int a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Sum of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator +(MlxArray a, long b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator +(long a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Sum of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator +(MlxArray a, ulong b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator +(ulong a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Sum of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(MlxArray a, float b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(float a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Sum of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(MlxArray a, double b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(double a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Sum of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(MlxArray a, BFloat16 b) => a + (MlxArray)b;

    /// <summary>Sum of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator +(BFloat16 a, MlxArray b) => (MlxArray)a + b;

    /// <summary>Difference of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator -(MlxArray a, int b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator -(int a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Difference of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator -(MlxArray a, long b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator -(long a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Difference of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator -(MlxArray a, ulong b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator -(ulong a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Difference of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(MlxArray a, float b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(float a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Difference of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(MlxArray a, double b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(double a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Difference of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(MlxArray a, BFloat16 b) => a - (MlxArray)b;

    /// <summary>Difference of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator -(BFloat16 a, MlxArray b) => (MlxArray)a - b;

    /// <summary>Product of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator *(MlxArray a, int b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator *(int a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Product of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator *(MlxArray a, long b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator *(long a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Product of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator *(MlxArray a, ulong b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator *(ulong a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Product of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(MlxArray a, float b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(float a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Product of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(MlxArray a, double b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(double a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Product of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(MlxArray a, BFloat16 b) => a * (MlxArray)b;

    /// <summary>Product of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator *(BFloat16 a, MlxArray b) => (MlxArray)a * b;

    /// <summary>Quotient of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator /(MlxArray a, int b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator /(int a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Quotient of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator /(MlxArray a, long b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator /(long a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Quotient of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator /(MlxArray a, ulong b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator /(ulong a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Quotient of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(MlxArray a, float b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(float a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Quotient of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(MlxArray a, double b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(double a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Quotient of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(MlxArray a, BFloat16 b) => a / (MlxArray)b;

    /// <summary>Quotient of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator /(BFloat16 a, MlxArray b) => (MlxArray)a / b;

    /// <summary>Remainder of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator %(MlxArray a, int b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator %(int a, MlxArray b) => (MlxArray)a % b;

    /// <summary>Remainder of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator %(MlxArray a, long b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator %(long a, MlxArray b) => (MlxArray)a % b;

    /// <summary>Remainder of an array and a number; the number takes the array's type.</summary>
    public static MlxArray operator %(MlxArray a, ulong b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes the array's type.</summary>
    public static MlxArray operator %(ulong a, MlxArray b) => (MlxArray)a % b;

    /// <summary>Remainder of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(MlxArray a, float b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(float a, MlxArray b) => (MlxArray)a % b;

    /// <summary>Remainder of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(MlxArray a, double b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(double a, MlxArray b) => (MlxArray)a % b;

    /// <summary>Remainder of an array and a number; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(MlxArray a, BFloat16 b) => a % (MlxArray)b;

    /// <summary>Remainder of a number and an array; the number takes a floating-point array's type and is float32 otherwise.</summary>
    public static MlxArray operator %(BFloat16 a, MlxArray b) => (MlxArray)a % b;
}
