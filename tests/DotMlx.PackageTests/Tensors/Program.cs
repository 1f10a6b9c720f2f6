// A new project that uses DotMlx.Tensors: a tensor becomes an array, an array becomes a tensor, and a tensor reads an array in place.
using System.Numerics.Tensors;
using DotMlx;
using DotMlx.NN;

Tensor<float> given = Tensor.Create<float>([1, 2, 3, 4, 5, 6], [2, 3]);
MlxArray a = MlxArray.Create(given);
Console.WriteLine($"array {string.Join(" x ", a.Shape.ToArray())}");

Tensor<float> taken = (a.T * 2).ToTensor<float>();
Console.WriteLine($"tensor {string.Join(" x ", taken.Lengths.ToArray())}, last {taken[2, 1]}");
Console.WriteLine($"sum {a.T.ReadTensor<float, float>(elements => Tensor.Sum(elements))}");
Console.WriteLine($"parameters {string.Join(' ', new Model().Parameters().Flatten().Select(leaf => leaf.Key))}");

internal sealed partial class Model : Module
{
    public Linear Layer { get; } = new(3, 1);
}
