using System.Numerics;
using System.Numerics.Tensors;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Matrix and tensor products.</summary>
internal static unsafe class ProductFunctions
{
    public static Tensor mlx_matmul(Tensor a, Tensor b) => Product(a, b, "matmul");

    private static Tensor Product(Tensor a, Tensor b, string name)
    {
        if (a.NDim == 0 || b.NDim == 0) throw new MlxFailure($"[{name}] Got 0 dimension input. Inputs must have at least one dimension.");
        if (a.NDim == 1) return mlx_squeeze_axis(Product(mlx_expand_dims(a, 0), b, name), b.NDim == 1 ? 0 : -2);
        if (b.NDim == 1) return mlx_squeeze_axis(Product(a, mlx_expand_dims(b, 1), name), -1);
        if (a.Shape[^1] != b.Shape[^2])
        {
            throw new MlxFailure($"[{name}] Last dimension of first input with shape {Errors.Text(a.Shape)} must match second to last "
                + $"dimension of second input with shape {Errors.Text(b.Shape)}.");
        }
        var type = DTypes.Promote(a.DType, b.DType);
        if (!DTypes.IsInexact(type))
            throw new MlxFailure($"[{name}] Only inexact types are supported but {DTypes.Name(a.DType)} and {DTypes.Name(b.DType)} were "
                + $"provided which results in {DTypes.Name(type)}, which is not a floating point type.");
        return Recording.Apply([mlx_astype(a, type), mlx_astype(b, type)], x => Multiplied(x[0], x[1]), (g, x, _, i) => i == 0
            ? SumTo(mlx_matmul(g, mlx_swapaxes(Conjugated(x[1]), -1, -2)), x[0].Shape)
            : SumTo(mlx_matmul(mlx_swapaxes(Conjugated(x[0]), -1, -2), g), x[1].Shape));
    }

    private static Tensor Multiplied(Tensor a, Tensor b)
    {
        var batch = Shapes.Broadcast(a.Shape[..^2], b.Shape[..^2]);
        var (m, k, n) = (a.Shape[^2], a.Shape[^1], b.Shape[^1]);
        var left = Shapes.Expand(a, [.. batch, m, k]);
        // The second matrix is transposed so that its columns are contiguous and each result element is one dot product.
        var right = Permuted(b, [.. Shapes.All(b.NDim)[..^2], b.NDim - 1, b.NDim - 2]);
        right = Shapes.Expand(right, [.. batch, n, k]);
        int[] shape = [.. batch, m, n];
        return Lanes.Of(a.DType) switch
        {
            Lane.Float => Dots<float>(left, right, shape, (x, y) => TensorPrimitives.Dot(x, y)),
            Lane.Double => Dots<double>(left, right, shape, (x, y) => TensorPrimitives.Dot(x, y)),
            _ => Dots<Complex>(left, right, shape, (x, y) =>
            {
                var sum = Complex.Zero;
                for (var i = 0; i < x.Length; i++) sum += x[i] * y[i];
                return sum;
            }),
        };
    }

    private delegate T Dot<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y);

    private static Tensor Dots<T>(Tensor a, Tensor b, int[] shape, Dot<T> dot) where T : unmanaged =>
        Lanes.Write<T>(a.DType, shape, r =>
        {
            var left = Lanes.Read<T>(a);
            var right = Lanes.Read<T>(b);
            var (m, k, n) = (a.Shape[^2], a.Shape[^1], shape[^1]);
            for (int i = 0, at = 0; at < r.Length; i++)
            {
                var row = left.Slice(i * k, k);
                var columns = i / m * n;
                for (var j = 0; j < n; j++) r[at++] = dot(row, right.Slice((columns + j) * k, k));
            }
        });

    public static Tensor mlx_addmm(Tensor c, Tensor a, Tensor b, float alpha, float beta)
    {
        var product = Product(a, b, "addmm");
        var type = DTypes.Promote(product.DType, c.DType);
        product = mlx_astype(product, type);
        c = mlx_broadcast_to(mlx_astype(c, type), product.Shape);
        return (alpha == 1 ? product : product * alpha) + (beta == 1 ? c : c * beta);
    }

    public static Tensor mlx_inner(Tensor a, Tensor b)
    {
        if (a.NDim == 0 || b.NDim == 0) return a * b;
        if (a.Shape[^1] != b.Shape[^1]) throw new MlxFailure("[inner] a and b must have the same last dimension.");
        return mlx_tensordot(a, b, [-1], [-1]);
    }

    public static Tensor mlx_outer(Tensor a, Tensor b) => mlx_reshape(a, [a.Size, 1]) * Flat(b);

    public static Tensor mlx_kron(Tensor a, Tensor b)
    {
        if (a.Size == 0 || b.Size == 0) throw new MlxFailure("[kron] Input arrays cannot be empty.");
        var rank = Math.Max(a.NDim, b.NDim);
        var (left, right, shape) = (Ones(2 * rank), Ones(2 * rank), Ones(rank));
        for (var i = 0; i < rank; i++)
        {
            left[2 * i] = i < rank - a.NDim ? 1 : a.Shape[i - (rank - a.NDim)];
            right[2 * i + 1] = i < rank - b.NDim ? 1 : b.Shape[i - (rank - b.NDim)];
            shape[i] = left[2 * i] * right[2 * i + 1];
        }
        return mlx_reshape(mlx_reshape(a, left) * mlx_reshape(b, right), shape);
    }

    public static Tensor mlx_tensordot(Tensor a, Tensor b, ReadOnlySpan<int> axes_a, ReadOnlySpan<int> axes_b)
    {
        if (axes_a.Length != axes_b.Length) throw new MlxFailure("[tensordot] axes must have the same size.");
        var left = Array.ConvertAll(axes_a.ToArray(), x => Shapes.Axis(x, a.NDim, "[tensordot] "));
        var right = Array.ConvertAll(axes_b.ToArray(), x => Shapes.Axis(x, b.NDim, "[tensordot] "));
        for (var i = 0; i < left.Length; i++)
        {
            if (a.Shape[left[i]] != b.Shape[right[i]])
                throw new MlxFailure("[tensordot] a and b must have the same shape on the contracted axes.");
        }
        var (keptA, keptB) = (Shapes.All(a.NDim).Except(left).ToArray(), Shapes.All(b.NDim).Except(right).ToArray());
        var (shapeA, shapeB) = (Array.ConvertAll(keptA, i => a.Shape[i]), Array.ConvertAll(keptB, i => b.Shape[i]));
        var inner = Shapes.Count(Array.ConvertAll(left, i => a.Shape[i]));
        var x = mlx_reshape(mlx_transpose_axes(a, [.. keptA, .. left]), [Shapes.Count(shapeA), inner]);
        var y = mlx_reshape(mlx_transpose_axes(b, [.. right, .. keptB]), [inner, Shapes.Count(shapeB)]);
        return mlx_reshape(mlx_matmul(x, y), [.. shapeA, .. shapeB]);
    }

    public static Tensor mlx_tensordot_axis(Tensor a, Tensor b, int axis)
    {
        if (axis < 0 || axis > Math.Min(a.NDim, b.NDim))
            throw new MlxFailure($"[tensordot] axis must be between 0 and {Math.Min(a.NDim, b.NDim)}, but got {axis}.");
        return mlx_tensordot(a, b, Shapes.All(a.NDim)[(a.NDim - axis)..], Shapes.All(axis));
    }

    // ---- einsum -------------------------------------------------------------------------------------------------

    public static Tensor mlx_einsum(string? subscripts, Tensor[] operands)
    {
        var text = (subscripts ?? "").Replace(" ", "", StringComparison.Ordinal);
        var arrow = text.IndexOf("->", StringComparison.Ordinal);
        var inputs = (arrow < 0 ? text : text[..arrow]).Split(',');
        if (inputs.Length != operands.Length)
        {
            throw new MlxFailure($"[einsum] Number of operands, {operands.Length}, does not match number of "
                + $"input subscripts, {inputs.Length}.");
        }
        if (text.Replace("->", "", StringComparison.Ordinal)
            .FirstOrDefault(c => !char.IsAsciiLetter(c) && c is not ('.' or ',')) is var other && other != default)
        {
            throw new MlxFailure($"[einsum] Subscripts must be letters, but got '{other}'.");
        }
        // An ellipsis stands for the same labels in every operand. Digits serve as these labels because they are otherwise unused.
        for (var i = 0; i < inputs.Length; i++)
        {
            var named = inputs[i].Replace("...", "", StringComparison.Ordinal).Length;
            var hidden = operands[i].NDim - named;
            if (inputs[i].Contains("...", StringComparison.Ordinal) && hidden is >= 0 and < 10)
            {
                inputs[i] = inputs[i].Replace("...", "0123456789"[(10 - hidden)..], StringComparison.Ordinal);
            }
            if (inputs[i].Length != operands[i].NDim)
            {
                throw new MlxFailure($"[einsum] Invalid number of subscripts {named} for input {i} with {operands[i].NDim} dimensions.");
            }
        }
        var all = string.Concat(inputs);
        var ellipsis = string.Concat(all.Where(char.IsDigit).Distinct().Order());
        var output = arrow < 0
            ? ellipsis + string.Concat(all.Where(char.IsLetter).GroupBy(c => c).Where(g => g.Count() == 1).Select(g => g.Key).Order())
            : text[(arrow + 2)..].Replace("...", ellipsis, StringComparison.Ordinal);
        if (output.FirstOrDefault(c => !all.Contains(c)) is var missing && missing != default)
            throw new MlxFailure($"[einsum] Output subscript '{missing}' is not in the input subscripts.");
        if (output.Distinct().Count() != output.Length) throw new MlxFailure("[einsum] Repeat indices not allowed in output.");

        var (left, current) = Diagonals(inputs[0], operands[0]);
        for (var i = 1; i < operands.Length; i++)
        {
            var (right, next) = Diagonals(inputs[i], operands[i]);
            var later = output + string.Concat(inputs[(i + 1)..]);
            (left, current) = Contract(left, current, right, next, later);
        }
        var summed = left.Select((c, i) => (c, i)).Where(x => !output.Contains(x.c)).Select(x => x.i).ToArray();
        if (summed.Length > 0) current = mlx_sum_axes(current, summed, false);
        left = string.Concat(left.Where(output.Contains));
        return mlx_transpose_axes(current, [.. output.Select(c => left.IndexOf(c))]);
    }

    /// <summary>Takes the diagonal for a letter that occurs twice in one operand.</summary>
    private static (string, Tensor) Diagonals(string labels, Tensor a)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            var j = labels.IndexOf(labels[i], i + 1);
            if (j < 0) continue;
            a = mlx_diagonal(a, 0, i, j);
            labels = labels.Remove(j, 1).Remove(i, 1) + labels[i];
            i = -1;
        }
        return (labels, a);
    }

    /// <summary>Contracts two operands as one batched matrix product. Letters are batched, summed, or specific to one operand.</summary>
    private static (string, Tensor) Contract(string left, Tensor a, string right, Tensor b, string later)
    {
        (left, a) = SumUnused(left, a, right + later);
        (right, b) = SumUnused(right, b, left + later);
        var batch = string.Concat(left.Where(c => right.Contains(c) && later.Contains(c)));
        var inner = string.Concat(left.Where(c => right.Contains(c) && !later.Contains(c)));
        var (own, other) = (string.Concat(left.Where(c => !right.Contains(c))), string.Concat(right.Where(c => !left.Contains(c))));
        int Size(char c) => Math.Max(left.Contains(c) ? a.Shape[left.IndexOf(c)] : 1, right.Contains(c) ? b.Shape[right.IndexOf(c)] : 1);
        int[] Sizes(string labels) => [.. labels.Select(Size)];
        Tensor Arranged(string labels, Tensor x, string order, params int[] shape)
        {
            var moved = mlx_transpose_axes(x, [.. order.Select(c => labels.IndexOf(c))]);
            return mlx_reshape(mlx_broadcast_to(moved, Sizes(order)), shape);
        }
        var (n, k, p, q) = (Shapes.Count(Sizes(batch)), Shapes.Count(Sizes(inner)), Shapes.Count(Sizes(own)), Shapes.Count(Sizes(other)));
        var product = Arranged(left, a, batch + own + inner, n, p, k) is var x
            && Arranged(right, b, batch + inner + other, n, k, q) is var y
            && !DTypes.IsInexact(DTypes.Promote(a.DType, b.DType))
                ? mlx_sum_axis(mlx_expand_dims(x, -1) * mlx_expand_dims(y, 1), 2, false)
                : mlx_matmul(x, y);
        return (batch + own + other, mlx_reshape(product, [.. Sizes(batch), .. Sizes(own), .. Sizes(other)]));
    }

    private static (string, Tensor) SumUnused(string labels, Tensor a, string used)
    {
        var axes = labels.Select((c, i) => (c, i)).Where(x => !used.Contains(x.c)).Select(x => x.i).ToArray();
        return axes.Length == 0 ? (labels, a) : (string.Concat(labels.Where(used.Contains)), mlx_sum_axes(a, axes, false));
    }
}
