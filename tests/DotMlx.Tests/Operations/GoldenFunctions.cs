using System.Text.Json;

namespace DotMlx.Tests.Operations;

/// <summary>The C# call for each function name of golden/ops.json.</summary>
internal static class GoldenFunctions
{
    private delegate MlxArray UnaryFunction(MlxArray a, MlxStream? stream);

    private delegate MlxArray BinaryFunction(MlxArray a, MlxArray b, MlxStream? stream);

    private delegate MlxArray ReductionFunction(MlxArray a, int? axis, bool keepdims, MlxStream? stream);

    private delegate MlxArray SpreadFunction(MlxArray a, int? axis, bool keepdims, int ddof, MlxStream? stream);

    internal static IReadOnlyCollection<string> Names => Table.Keys;

    internal static MlxArray[] Run(GoldenCall call) => Table[call.Op](call);

    private static Dictionary<string, Func<GoldenCall, MlxArray[]>> Build()
    {
        Dictionary<string, Func<GoldenCall, MlxArray[]>> table = [];
        foreach ((string name, UnaryFunction function) in Unary)
        {
            table.Add(name, call => [function(call.Array(0), null)]);
        }

        foreach ((string name, BinaryFunction function) in Binary)
        {
            table.Add(name, call => [function(call.Array(0), call.Array(1), null)]);
        }

        foreach ((string name, ReductionFunction function) in Reductions)
        {
            table.Add(name, call => [call.IsList("axis")
                ? Mx.Sum(call.Array(0), call.Ints("axis"), call.Flag("keepdims"))
                : function(call.Array(0), call.MaybeInt("axis"), call.Flag("keepdims"), null)]);
        }

        foreach ((string name, SpreadFunction function) in new (string, SpreadFunction)[] { ("var", Mx.Var), ("std", Mx.Std) })
        {
            table.Add(name, call => [function(call.Array(0), call.MaybeInt("axis"), call.Flag("keepdims"), call.Int("ddof", 0), null)]);
        }

        AddScansAndSorting(table);
        AddMatrices(table);
        AddShapes(table);
        AddSelection(table);
        AddConvolution(table);
        AddFast(table);
        AddLinearAlgebra(table);
        AddFourier(table);
        AddDTypes(table);
        return table;
    }

    private static readonly (string, UnaryFunction)[] Unary =
    [
        ("abs", Mx.Abs), ("negative", Mx.Negative), ("square", Mx.Square), ("exp", Mx.Exp), ("expm1", Mx.Expm1), ("sin", Mx.Sin),
        ("cos", Mx.Cos), ("tan", Mx.Tan), ("sinh", Mx.Sinh), ("cosh", Mx.Cosh), ("tanh", Mx.Tanh), ("sigmoid", Mx.Sigmoid),
        ("erf", Mx.Erf), ("floor", Mx.Floor), ("ceil", Mx.Ceil), ("sign", Mx.Sign), ("arctan", Mx.Arctan), ("arcsinh", Mx.Arcsinh),
        ("logical_not", Mx.LogicalNot), ("isnan", Mx.IsNaN), ("isfinite", Mx.IsFinite), ("isinf", Mx.IsInf),
        ("isneginf", Mx.IsNegInf), ("isposinf", Mx.IsPosInf), ("degrees", Mx.Degrees), ("radians", Mx.Radians),
        ("stop_gradient", Mx.StopGradient), ("zeros_like", (a, s) => Mx.ZerosLike(a, stream: s)),
        ("ones_like", (a, s) => Mx.OnesLike(a, stream: s)), ("reciprocal", Mx.Reciprocal), ("sqrt", Mx.Sqrt), ("rsqrt", Mx.Rsqrt),
        ("log", Mx.Log), ("log2", Mx.Log2), ("log10", Mx.Log10), ("log1p", Mx.Log1p), ("arcsin", Mx.Arcsin), ("arccos", Mx.Arccos),
        ("arctanh", Mx.Arctanh), ("erfinv", Mx.ErfInv), ("arccosh", Mx.Arccosh), ("bitwise_invert", Mx.BitwiseInvert),
        ("real", Mx.Real), ("imag", Mx.Imag), ("conjugate", Mx.Conjugate), ("atleast_2d", Mx.Atleast2d),
    ];

    private static readonly (string, BinaryFunction)[] Binary =
    [
        ("add", Mx.Add), ("subtract", Mx.Subtract), ("multiply", Mx.Multiply), ("divide", Mx.Divide), ("maximum", Mx.Maximum),
        ("minimum", Mx.Minimum), ("logaddexp", Mx.LogAddExp), ("arctan2", Mx.Arctan2), ("equal", Mx.Equal),
        ("not_equal", Mx.NotEqual), ("less", Mx.Less), ("less_equal", Mx.LessEqual), ("greater", Mx.Greater),
        ("greater_equal", Mx.GreaterEqual), ("logical_and", Mx.LogicalAnd), ("logical_or", Mx.LogicalOr), ("power", Mx.Power),
        ("remainder", Mx.Remainder), ("floor_divide", Mx.FloorDivide), ("bitwise_and", Mx.BitwiseAnd), ("bitwise_or", Mx.BitwiseOr),
        ("bitwise_xor", Mx.BitwiseXor), ("left_shift", Mx.LeftShift), ("right_shift", Mx.RightShift), ("matmul", Mx.MatMul),
        ("inner", Mx.Inner), ("outer", Mx.Outer), ("kron", Mx.Kron),
    ];

    private static readonly (string, ReductionFunction)[] Reductions =
    [
        ("sum", Mx.Sum), ("mean", Mx.Mean), ("max", Mx.Max), ("min", Mx.Min), ("prod", Mx.Prod), ("logsumexp", Mx.LogSumExp),
        ("all", Mx.All), ("any", Mx.Any), ("argmax", Mx.ArgMax), ("argmin", Mx.ArgMin), ("median", Mx.Median),
        ("softmax", (a, axis, _, s) => Mx.Softmax(a, axis, stream: s)),
    ];

    // Initialized after the lists above, from which it is built.
    private static readonly Dictionary<string, Func<GoldenCall, MlxArray[]>> Table = Build();

    private static void AddScansAndSorting(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("cumsum", c => [Mx.CumSum(c.Array(0), c.MaybeInt("axis"), c.Flag("reverse"), c.Flag("inclusive", true))]);
        table.Add("cumprod", c => [Mx.CumProd(c.Array(0), c.MaybeInt("axis"), c.Flag("reverse"), c.Flag("inclusive", true))]);
        table.Add("cummax", c => [Mx.CumMax(c.Array(0), c.MaybeInt("axis"), c.Flag("reverse"), c.Flag("inclusive", true))]);
        table.Add("cummin", c => [Mx.CumMin(c.Array(0), c.MaybeInt("axis"), c.Flag("reverse"), c.Flag("inclusive", true))]);
        table.Add("logcumsumexp", c => [Mx.LogCumSumExp(c.Array(0), c.MaybeInt("axis"), c.Flag("reverse"), c.Flag("inclusive", true))]);
        table["softmax"] = c => [Mx.Softmax(c.Array(0), c.MaybeInt("axis"), c.Flag("precise"))];
        table.Add("round", c => [Mx.Round(c.Array(0), c.Int("decimals", 0))]);
        table.Add("divmod", c =>
        {
            (MlxArray quotient, MlxArray remainder) = Mx.DivMod(c.Array(0), c.Array(1));
            return [quotient, remainder];
        });
        table.Add("sort", c => [Mx.Sort(c.Array(0), c.Int("axis", -1))]);
        table.Add("argsort", c => [Mx.ArgSort(c.Array(0), c.Int("axis", -1))]);
        table.Add("topk", c => [Mx.TopK(c.Array(0), c.Int(1))]);

        // Only the first part is defined, and only as a set, so the figures contain it sorted.
        table.Add("partition", c => [FirstSorted(Mx.Partition(c.Array(0), c.Int(1)), c.Int(1))]);
        table.Add("argpartition", c => [FirstSorted(Mx.ArgPartition(c.Array(0), c.Int(1)), c.Int(1))]);
    }

    private static void AddMatrices(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("addmm", c => [Mx.AddMM(c.Array(0), c.Array(1), c.Array(2), c.Float("alpha", 1), c.Float("beta", 1))]);
        table.Add("tensordot", c => [Mx.TensorDot(c.Array(0), c.Array(1), c.Int("axes", 2))]);
        table.Add("einsum", c => [Mx.Einsum(c.Argument(0).GetString()!, c.AllArrays(1))]);
        table.Add("trace", c => [Mx.Trace(c.Array(0))]);
        table.Add("diagonal", c => [Mx.Diagonal(c.Array(0), c.Int("offset", 0))]);
        table.Add("diag", c => [Mx.Diag(c.Array(0), c.Int("k", 0))]);
        table.Add("tril", c => [Mx.Tril(c.Array(0), c.Int("k", 0))]);
        table.Add("triu", c => [Mx.Triu(c.Array(0), c.Int("k", 0))]);
        table.Add("eye", c => [Mx.Eye(c.Int(0), c.MaybeInt("m"), c.Int("k", 0))]);
        table.Add("identity", c => [Mx.Identity(c.Int(0))]);
        table.Add("tri", c => [Mx.Tri(c.Int(0), c.Int(1), c.Int(2))]);
        table.Add("arange", c => [Mx.Arange(c.Int(0), c.Int(1), c.Int(2))]);
        table.Add("linspace", c => [Mx.Linspace(c.Int(0), c.Int(1), c.Int("num", 50))]);
        table.Add("full", c => [Mx.Full(c.Ints(0), c.Array(1))]);
        table.Add("zeros", c => [Mx.Zeros(c.Ints(0), c.Type("dtype") ?? DType.Float32)]);
        table.Add("ones", c => [Mx.Ones(c.Ints(0), c.Type("dtype") ?? DType.Float32)]);
    }

    private static void AddShapes(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("reshape", c => [Mx.Reshape(c.Array(0), c.Ints(1))]);
        table.Add("flatten", c => [Mx.Flatten(c.Array(0), c.Int("start_axis", 0))]);
        table.Add("unflatten", c => [Mx.Unflatten(c.Array(0), c.Int(1), c.Ints(2))]);
        table.Add("transpose", c => [Mx.Transpose(c.Array(0), c.Has("axes") ? c.Ints("axes") : [])]);
        table.Add("swapaxes", c => [Mx.SwapAxes(c.Array(0), c.Int(1), c.Int(2))]);
        table.Add("moveaxis", c => [Mx.MoveAxis(c.Array(0), c.Int(1), c.Int(2))]);
        table.Add("squeeze", c => [Mx.Squeeze(c.Array(0), c.MaybeInt("axis"))]);
        table.Add("expand_dims", c => [Mx.ExpandDims(c.Array(0), c.Ints("axis"))]);
        table.Add("broadcast_to", c => [Mx.BroadcastTo(c.Array(0), c.Ints(1))]);
        table.Add("contiguous", c => [Mx.Contiguous(c.Array(0))]);
        table.Add("concatenate", c => [Mx.Concatenate(c.Arrays(0), c.Int("axis", 0))]);
        table.Add("stack", c => [Mx.Stack(c.Arrays(0), c.Int("axis", 0))]);
        table.Add("split", c => c.Argument(1).ValueKind == JsonValueKind.Array
            ? Mx.Split(c.Array(0), c.Ints(1), c.Int("axis", 0))
            : Mx.Split(c.Array(0), c.Int(1), c.Int("axis", 0)));
        table.Add("repeat", c => [Mx.Repeat(c.Array(0), c.Int(1), c.MaybeInt("axis"))]);
        table.Add("tile", c => [Mx.Tile(c.Array(0), c.Ints(1))]);
        table.Add("pad", c => [c.Argument(1).ValueKind == JsonValueKind.Array
            ? Mx.Pad(
                c.Array(0), [.. c.Argument(1).EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32()))],
                c.Choice("mode", PadMode.Constant), c.Float("constant_values", 0))
            : Mx.Pad(c.Array(0), c.Int(1), c.Choice("mode", PadMode.Constant))]);
        table.Add("roll", c => [c.IsList("axis")
            ? Mx.Roll(c.Array(0), c.Ints(1), c.Ints("axis"))
            : Mx.Roll(c.Array(0), c.Int(1), c.MaybeInt("axis"))]);
        table.Add("meshgrid", c => Mx.Meshgrid(c.AllArrays()));
        table.Add("broadcast_arrays", c => Mx.BroadcastArrays(c.AllArrays()));
        table.Add("as_strided", c => [Mx.AsStrided(c.Array(0), [3, 4], [1, 3])]);
    }

    private static void AddSelection(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("take", c => [Mx.Take(c.Array(0), c.Array(1), c.MaybeInt("axis"))]);
        table.Add("take_along_axis", c => [Mx.TakeAlongAxis(c.Array(0), c.Array(1), c.MaybeInt("axis"))]);
        table.Add("put_along_axis", c => [Mx.PutAlongAxis(c.Array(0), c.Array(1), c.Array(2), c.MaybeInt("axis"))]);
        table.Add("where", c => [Mx.Where(c.Array(0), c.Array(1), c.Array(2))]);
        table.Add("clip", c => [Mx.Clip(c.Array(0), c.Array(1), c.Array(2))]);
        table.Add("nan_to_num", c => [Mx.NanToNum(c.Array(0))]);
        table.Add("isclose", c => [Mx.IsClose(c.Array(0), c.Array(1))]);
        table.Add("allclose", c => [Mx.AllClose(c.Array(0), c.Array(1))]);
        table.Add("array_equal", c => [Mx.ArrayEqual(c.Array(0), c.Array(1))]);
        table.Add("slice_update", c => [Mx.SliceUpdate(c.Array(0), c.Array(1), c.Array(2), c.Ints("axes"))]);
    }

    private static void AddConvolution(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("conv1d", c => [Mx.Conv1d(c.Array(0), c.Array(1), c.Int("stride", 1), c.Int("padding", 0))]);
        table.Add("conv2d", c => [Mx.Conv2d(
            c.Array(0), c.Array(1), c.Int("stride", 1), c.Int("padding", 0), c.Int("dilation", 1), c.Int("groups", 1))]);
        table.Add("conv_transpose2d", c => [Mx.ConvTranspose2d(c.Array(0), c.Array(1), c.Int("stride", 1))]);
        table.Add("convolve", c => [Mx.Convolve(c.Array(0), c.Array(1), c.Choice("mode", ConvolveMode.Full))]);
        table.Add("conv_general", c => [Mx.ConvGeneral(
            c.Array(0), c.Array(1), [1], GoldenCall.Ints(c.Keyword("padding")[0]), GoldenCall.Ints(c.Keyword("padding")[1]),
            inputDilation: [c.Int("input_dilation", 1)], flip: c.Flag("flip"))]);
    }

    private static void AddFast(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("fast.rms_norm", c => [Mx.Fast.RMSNorm(c.Array(0), c.Array(1), c.Argument(2).GetSingle())]);
        table.Add("fast.layer_norm", c => [Mx.Fast.LayerNorm(c.Array(0), c.Array(1), c.Array(2), c.Argument(3).GetSingle())]);
        table.Add("fast.rope", c => [Mx.Fast.RoPE(
            c.Array(0), c.Int(1), c.Flag("traditional"), c.Float("base", 0), c.Float("scale", 1), c.Int("offset", 0))]);
        table.Add("fast.scaled_dot_product_attention", c => [c.Has("mask")
            ? Mx.Fast.ScaledDotProductAttention(c.Array(0), c.Array(1), c.Array(2), c.Float("scale", 1), c.Text("mask", ""))
            : Mx.Fast.ScaledDotProductAttention(c.Array(0), c.Array(1), c.Array(2), c.Float("scale", 1))]);
        table.Add("hadamard_transform", c => [Mx.HadamardTransform(c.Array(0))]);
    }

    private static void AddLinearAlgebra(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("linalg.norm", c => [c.Has("ord") && c.Keyword("ord").ValueKind == JsonValueKind.String
            ? Mx.Linalg.Norm(c.Array(0), c.Text("ord", ""))
            : Mx.Linalg.Norm(c.Array(0), c.Has("ord") ? c.Keyword("ord").GetDouble() : null, c.MaybeInt("axis"))]);
        table.Add("linalg.cross", c => [Mx.Linalg.Cross(c.Array(0), c.Array(1))]);
        table.Add("linalg.inv", c => [Mx.Linalg.Inv(c.Array(0), c.Stream)]);
        table.Add("linalg.cholesky", c => [Mx.Linalg.Cholesky(c.Array(0), stream: c.Stream)]);
        table.Add("linalg.solve", c => [Mx.Linalg.Solve(c.Array(0), c.Array(1), c.Stream)]);
        table.Add("linalg.eigvalsh", c => [Mx.Linalg.Eigvalsh(c.Array(0), stream: c.Stream)]);
        table.Add("linalg.pinv", c => [Mx.Linalg.Pinv(c.Array(0), c.Stream)]);
        table.Add("linalg.tri_inv", c => [Mx.Linalg.TriInv(c.Array(0), stream: c.Stream)]);
        table.Add("linalg.lu_factor", c =>
        {
            (MlxArray lu, MlxArray pivots) = Mx.Linalg.LUFactor(c.Array(0), c.Stream);
            return [lu, pivots];
        });

        // The figures contain the unique results: the singular values, and R up to the signs of its rows.
        table.Add("linalg.svd", c => [Mx.Linalg.SVDVals(c.Array(0), DeviceType.Cpu)]);
        table.Add("linalg.qr", c =>
        {
            (MlxArray q, MlxArray r) = Mx.Linalg.QR(c.Array(0), DeviceType.Cpu);
            using (q)
            using (r)
            {
                return [Mx.Abs(r)];
            }
        });
    }

    private static void AddFourier(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("fft.fft", c => [Mx.Fft.FFT(c.Array(0))]);
        table.Add("fft.ifft", c => [Mx.Fft.IFFT(c.Array(0))]);
        table.Add("fft.rfft", c => [Mx.Fft.RFFT(c.Array(0))]);
        table.Add("fft.irfft", c => [Mx.Fft.IRFFT(c.Array(0))]);
        table.Add("fft.fft2", c => [Mx.Fft.FFT2(c.Array(0))]);
        table.Add("fft.rfftn", c => [Mx.Fft.RFFTN(c.Array(0))]);
        table.Add("fft.fftshift", c => [Mx.Fft.FFTShift(c.Array(0))]);
    }

    private static void AddDTypes(Dictionary<string, Func<GoldenCall, MlxArray[]>> table)
    {
        table.Add("astype", c => [Mx.AsType(c.Array(0), c.Type("dtype")!.Value)]);
        table.Add("view", c => [Mx.View(c.Array(0), GoldenCall.DTypeOf(c.Argument(1)))]);
        table.Add("quantize", c =>
        {
            (MlxArray w, MlxArray scales, MlxArray? biases) = Mx.Quantize(c.Array(0), c.Int("group_size", 64), c.Int("bits", 4));
            return [w, scales, biases!];
        });
        table.Add("dequantize", c => [Mx.Dequantize(
            c.Array(0), c.Array(1), c.Array(2), c.Int("group_size", 64), c.Int("bits", 4))]);
        table.Add("quantized_matmul", c => [Mx.QuantizedMatMul(
            c.Array(0), c.Array(1), c.Array(2), c.Array(3), c.Flag("transpose", true), c.Int("group_size", 64), c.Int("bits", 4))]);
    }

    private static MlxArray FirstSorted(MlxArray parted, int count)
    {
        using (parted)
        {
            MlxArray[] parts = Mx.Split(parted, [count]);
            using (parts[1])
            using (parts[0])
            {
                return Mx.Sort(parts[0]);
            }
        }
    }
}
