using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DotMlx.Tests.Arrays;

/// <summary>Arrays read in place, as spans and, with the package DotMlx.Tensors, as tensors.</summary>
public class TensorTests
{
    [Test]
    public void ATensorBecomesAnArrayAndBack()
    {
        using var scope = MlxScope.Begin();
        var tensor = Tensor.Create<float>([1, 2, 3, 4, 5, 6], [2, 3]);
        var a = MlxArray.Create(tensor);
        Assert.That(a.Shape.ToArray(), Is.EqualTo(new[] { 2, 3 }));
        Assert.That(a.DType, Is.EqualTo(DType.Float32));
        Assert.That(a.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));

        var back = (a.T * 2).ToTensor<float>();
        Assert.That(back.Lengths.ToArray(), Is.EqualTo(new nint[] { 3, 2 }));
        Assert.That(back[2, 1], Is.EqualTo(12f));
    }

    [Test]
    public void ATensorWithAnyStridesBecomesAnArrayInOrder()
    {
        using var scope = MlxScope.Begin();
        int[] elements = [.. Enumerable.Range(0, 24)];
        ReadOnlyTensorSpan<int> slice = Tensor.Create(elements, [4, 6]).AsReadOnlyTensorSpan().Slice([1..3, 2..5]);
        Assert.That(MlxArray.Create(slice).ToArray<int>(), Is.EqualTo(new[] { 8, 9, 10, 14, 15, 16 }));
        var transposed = new ReadOnlyTensorSpan<int>(elements, [6, 4], [1, 6]);
        Assert.That(MlxArray.Create(transposed).ToArray<int>()[..5], Is.EqualTo(new[] { 0, 6, 12, 18, 1 }));
        var repeated = new ReadOnlyTensorSpan<int>(elements, [2, 3], [0, 1]);
        Assert.That(MlxArray.Create(repeated).ToArray<int>(), Is.EqualTo(new[] { 0, 1, 2, 0, 1, 2 }));
    }

    [Test]
    public void TensorsOfAnyRankConvert()
    {
        using var scope = MlxScope.Begin();
        var none = Tensor.Create<float>([], [0, 3]);
        Assert.That(MlxArray.Create(none).Shape.ToArray(), Is.EqualTo(new[] { 0, 3 }));
        Assert.That(Mx.Zeros([3, 0]).ToTensor<float>().Lengths.ToArray(), Is.EqualTo(new nint[] { 3, 0 }));
        Assert.That(Mx.Zeros([3, 0]).ReadTensor<float, nint>(elements => elements.FlattenedLength), Is.EqualTo((nint)0));
        Assert.That(MlxArray.Create(default(ReadOnlyTensorSpan<float>)).Size, Is.Zero);

        // System.Numerics.Tensors has no tensor without dimensions that contains an element.
        var scalar = MlxArray.Scalar(5f).ToTensor<float>();
        Assert.That(scalar.Lengths.ToArray(), Is.EqualTo(new nint[] { 1 }));
        Assert.That(scalar[0], Is.EqualTo(5f));
        Assert.That(MlxArray.Scalar(5f).ReadTensor<float, float>(elements => elements[0]), Is.EqualTo(5f));

        var many = Mx.Arange(64).Reshape(2, 2, 2, 2, 2, 2);
        Assert.That(many.T.ReadTensor<int, int>(elements => elements[1, 0, 0, 0, 0, 0]), Is.EqualTo(1));
        Assert.That(MlxArray.Create(many.T.ToTensor<int>()).ToArray<int>(), Is.EqualTo(many.T.ToArray<int>()));
    }

    [Test]
    public void ComplexTensorsAreWidenedAndNarrowed()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create(Tensor.Create<Complex>([new(1, 2), new(3, 4)], [2]));
        Assert.That(a.DType, Is.EqualTo(DType.Complex64));
        Assert.That(a.ToTensor<Complex>()[1], Is.EqualTo(new Complex(3, 4)));
        Assert.That(a.ReadTensor<Complex, Complex>(elements => elements[0]), Is.EqualTo(new Complex(1, 2)));
        Assert.That(a.Read<Complex, Complex>(elements => elements[0]), Is.EqualTo(new Complex(1, 2)));
        Assert.That(a.ReadTensor<Complex64, Complex64>(elements => elements[1]), Is.EqualTo(new Complex64(3, 4)));
    }

    [Test]
    public void TheElementTypeMustBeTheArrays()
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Arange(4);
        Assert.That(() => a.Read<float, int>(_ => 0), Throws.InvalidOperationException.With.Message.Contains("use Read<int>"));
        Assert.That(() => a.ReadTensor<float, int>(_ => 0), Throws.InvalidOperationException.With.Message.Contains("use ReadTensor<int>"));
        Assert.That(() => a.ToTensor<float>(), Throws.InvalidOperationException);
    }

    [Test]
    public unsafe void RowMajorTensorsAreReadWithoutACopy()
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Arange(6).Reshape(2, 3) + 1;
        nint storage = (nint)HeldArray.DataOf(a.Handle);
        Assert.That(a.Read<int, nint>(elements => Address(in elements[0])), Is.EqualTo(storage));
        Assert.That(a.ReadTensor<int, nint>(elements => Address(in elements.GetPinnableReference())), Is.EqualTo(storage));
        Assert.That(a.ReadTensor<int, bool>(elements => elements.IsDense), Is.True);
    }

    [Test]
    public unsafe void ATensorIsReadWithoutACopyWhereItsStridesAllowIt()
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Arange(24).Reshape(2, 3, 4);
        MlxArray[] views = [a.T, a[.., 1], a[.., .., new Slice(null, null, 2)], Mx.BroadcastTo(a[.., ..1], [2, 3, 4])];
        foreach (MlxArray view in views)
        {
            nint storage = (nint)HeldArray.DataOf(view.Handle);
            Assert.That(view.ReadTensor<int, nint>(elements => Address(in elements.GetPinnableReference())), Is.EqualTo(storage));
            Assert.That(Flattened(view), Is.EqualTo(view.ToArray<int>()));
            Assert.That(view.Read<int, int[]>(elements => elements.ToArray()), Is.EqualTo(view.ToArray<int>()));
        }

        // Strides that no tensor span supports: negative, overlapping, and interleaved.
        MlxArray[] others =
        [
            a[new Slice(null, null, -1)], Mx.AsStrided(a, [3, 4], [1, 1]), Mx.Arange(15).Reshape(3, 5)[.., new Slice(null, null, 2)],
        ];
        foreach (MlxArray other in others)
        {
            Assert.That(Flattened(other), Is.EqualTo(other.ToArray<int>()));
        }
    }

    [Test]
    [RequiresMlx("arrays of more than 2 GB")]
    public void MoreThanASpanHoldsIsReadAsATensor()
    {
        using var scope = MlxScope.Begin();

        // Four billion elements that share one byte.
        var a = MlxArray.Create<byte>([7]).BroadcastTo(65536, 65536);
        Assert.That(() => a.Read<byte, int>(_ => 0),
            Throws.InvalidOperationException.With.Message.Contains("4294967296 elements").And.Message.Contains("ReadTensor"));
        Assert.That(() => a.ToTensor<byte>(), Throws.InvalidOperationException.With.Message.Contains("4294967296 elements"));
        Assert.That(a.ReadTensor<byte, long>(elements => elements.FlattenedLength + elements[65535, 65535]),
            Is.EqualTo((65536L * 65536L) + 7));
    }

    [Test]
    [Explicit("takes 4 GB of memory")]
    [RequiresMlx("arrays of more than 2 GB")]
    public unsafe void MoreThanASpanHoldsIsCopiedFromATensor()
    {
        using var scope = MlxScope.Begin();
        nint half = 1 << 30;
        nint count = (2 * half) + 2;
        var elements = (byte*)NativeMemory.AllocZeroed((nuint)count);
        try
        {
            elements[count - 1] = 9;
            var a = MlxArray.Create(new ReadOnlyTensorSpan<byte>(elements, count, [2, half + 1], []));
            Assert.That(a.Shape.ToArray(), Is.EqualTo(new[] { 2, (1 << 30) + 1 }));
            Assert.That(a[1, ^1].Item<byte>(), Is.EqualTo(9));
            Assert.That(a.ReadTensor<byte, byte>(tensor => tensor[1, (1 << 30)]), Is.EqualTo(9));
            Assert.That(() => a.Read<byte, int>(_ => 0), Throws.InvalidOperationException);
        }
        finally
        {
            NativeMemory.Free(elements);
        }
    }

    [Test]
    public void ALengthThatIsTooLongForAShapeIsNamed()
    {
        // An array whose elements repeat one element.
        byte[] one = [1];
        nint tooLong = nint.Parse("2147483648", CultureInfo.InvariantCulture);
        Assert.That(
            () => MlxArray.Create(new ReadOnlyTensorSpan<byte>(one, [1, tooLong], [0, 0])),
            Throws.ArgumentException.With.Message.Contains("Dimension 1 of the tensor has 2147483648 elements"));
        Assert.That(
            () => MlxArray.Create(new ReadOnlyTensorSpan<byte>(one, [65536, 65536], [0, 0])),
            Throws.ArgumentException.With.Message.Contains("4294967296 elements"));
    }

    [Test]
    public void AFailingReaderPassesOn()
    {
        using var handles = HandleCount.NoneLeft();
        using var a = MlxArray.Create<float>([1, 2]);
        Assert.That(() => a.Read<float, int>(_ => throw new FormatException("mine")), Throws.TypeOf<FormatException>());
        Assert.That(() => a.ReadTensor<float, int>(_ => throw new FormatException("mine")), Throws.TypeOf<FormatException>());
        Assert.That(() => a.ReadTensor<float, int>(null!), Throws.ArgumentNullException);
        Assert.That(() => a.Read<float, int>(null!), Throws.ArgumentNullException);
        Assert.That(() => MlxArray.Create((Tensor<float>)null!), Throws.ArgumentNullException);
    }

    private static int[] Flattened(MlxArray a) => a.ReadTensor<int, int[]>(static elements =>
    {
        var flat = new int[elements.FlattenedLength];
        elements.FlattenTo(flat);
        return flat;
    });

    private static unsafe nint Address(ref readonly int element) => (nint)Unsafe.AsPointer(ref Unsafe.AsRef(in element));
}
