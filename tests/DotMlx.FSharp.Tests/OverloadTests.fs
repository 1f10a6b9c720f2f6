namespace DotMlx.FSharp.Tests

open System
open DotMlx
open DotMlx.NN
open DotMlx.Optimizers
open NUnit.Framework

/// What F# sees of the library: calls without spans, operators with numbers, optional arguments, indexing.
[<TestFixture>]
type OverloadTests() =
    let a = MlxArray.Create(array2D [ [ 1.0f; 2.0f; 3.0f ]; [ 4.0f; 5.0f; 6.0f ] ])

    let shape (array: MlxArray) = array.Shape.ToArray()
    let values (array: MlxArray) = array.AsType(DType.Float32).ToArray<float32>()

    [<Test>]
    member _.ShapesAreArgumentsOrArrays() =
        Assert.That(shape (Mx.Zeros 3), Is.EqualTo [| 3 |])
        Assert.That(shape (Mx.Ones(3, 4)), Is.EqualTo [| 3; 4 |])
        Assert.That(shape (Mx.Zeros [| 2; 3 |]), Is.EqualTo [| 2; 3 |])
        Assert.That(shape (Mx.Zeros([| 2; 3 |], DType.Int32)), Is.EqualTo [| 2; 3 |])
        Assert.That(shape (Mx.Full([| 2 |], 1.5f)), Is.EqualTo [| 2 |])
        Assert.That(shape (Mx.Random.Normal [| 2; 3 |]), Is.EqualTo [| 2; 3 |])
        Assert.That(shape (Mx.Random.Uniform([| 5 |], low = -1.0, high = 1.0)), Is.EqualTo [| 5 |])
        Assert.That(shape (Mx.Random.RandInt(0, 9, [| 4 |])), Is.EqualTo [| 4 |])
        Assert.That(shape (a.Reshape(3, -1)), Is.EqualTo [| 3; 2 |])
        Assert.That(shape (Mx.Reshape(a, [| 6 |])), Is.EqualTo [| 6 |])
        Assert.That(shape (a.Transpose()), Is.EqualTo [| 3; 2 |])
        Assert.That(shape (Mx.Transpose(a, 1, 0)), Is.EqualTo [| 3; 2 |])
        Assert.That(shape (Mx.BroadcastTo(a, 4, 2, 3)), Is.EqualTo [| 4; 2; 3 |])
        Assert.That(values (Mx.Arange 3), Is.EqualTo [| 0.0f; 1.0f; 2.0f |])
        Assert.That(values (MlxArray.Create [| 1; 2 |]), Is.EqualTo [| 1.0f; 2.0f |])
        Assert.That(shape (MlxArray.Create([| 1; 2; 3; 4 |], 2, 2)), Is.EqualTo [| 2; 2 |])

    [<Test>]
    member _.OperatorsTakeNumbers() =
        Assert.That(values (a + 0.5f), Is.EqualTo [| 1.5f; 2.5f; 3.5f; 4.5f; 5.5f; 6.5f |])
        Assert.That(values (a * 2.0f), Is.EqualTo(values (2 * a)))
        Assert.That(values (1.0 - a), Is.EqualTo(values (-a + 1)))
        Assert.That(values (a / 2), Is.EqualTo(values (a * 0.5)))
        Assert.That(values (a ** 2), Is.EqualTo(values (a * a)))
        Assert.That(values (a ** a), Is.EqualTo(values (Mx.Power(a, a))))
        Assert.That(values (Mx.Greater(a, 3)), Is.EqualTo [| 0.0f; 0.0f; 0.0f; 1.0f; 1.0f; 1.0f |])
        Assert.That(values (Mx.Where(Mx.Greater(a, 3), a, 0.0f)), Is.EqualTo [| 0.0f; 0.0f; 0.0f; 4.0f; 5.0f; 6.0f |])

    [<Test>]
    member _.OptionalArgumentsAreNamedOrLeftOut() =
        Assert.That((Mx.Sum a).Item<float32>(), Is.EqualTo 21.0f)
        Assert.That(values (Mx.Sum(a, axis = 0)), Is.EqualTo [| 5.0f; 7.0f; 9.0f |])
        Assert.That(shape (Mx.Mean(a, axis = -1, keepdims = true)), Is.EqualTo [| 2; 1 |])
        Assert.That((Mx.Max(a, [| 0; 1 |])).Item<float32>(), Is.EqualTo 6.0f)
        Assert.That(Linear(3, 4, bias = false).ParameterCount(), Is.EqualTo 12L)
        Assert.That(float (Mx.Sum a), Is.EqualTo 21.0)
        let optimizer = AdamW(1e-3, weightDecay = 0.1)
        Assert.That(optimizer.LearningRate.Item<float32>(), Is.EqualTo 1e-3f)

    [<Test>]
    member _.IndexesArePositionsSlicesAndArrays() =
        Assert.That(values a[0], Is.EqualTo [| 1.0f; 2.0f; 3.0f |])
        Assert.That(a[1, 2].Item<float32>(), Is.EqualTo 6.0f)
        Assert.That(values a[MlxIndex.All, -1], Is.EqualTo [| 3.0f; 6.0f |])
        Assert.That(values a[0, Slice(1, 3)], Is.EqualTo [| 2.0f; 3.0f |])
        Assert.That(values a[Range(Index 0, Index 1), 0], Is.EqualTo [| 1.0f |])
        Assert.That(values a[0, MlxArray.Create [| 2; 0 |]], Is.EqualTo [| 3.0f; 1.0f |])
        let b = Mx.Zeros(2, 2)
        b[0] <- Mx.Ones 2
        b[1, 1] <- 5.0f
        Assert.That(values b, Is.EqualTo [| 1.0f; 1.0f; 0.0f; 5.0f |])
        Assert.That(values (b.At[0].Add 1.0f), Is.EqualTo [| 2.0f; 2.0f; 0.0f; 5.0f |])

    [<Test>]
    member _.SeveralArraysAreArgumentsOrSequences() =
        let b = a + 1
        Mx.Eval(a, b)
        Mx.Eval b
        Assert.That(shape (Mx.Concatenate([ a; b ], axis = 1)), Is.EqualTo [| 2; 6 |])
        Assert.That(shape (Mx.Stack [| a; b |]), Is.EqualTo [| 2; 2; 3 |])
        Assert.That(shape (Mx.Einsum("ij,kj->ik", a, b)), Is.EqualTo [| 2; 2 |])
        Assert.That((Mx.Meshgrid(Mx.Arange 2, Mx.Arange 3)).Length, Is.EqualTo 2)
        let model = Sequential(Linear(3, 4), Lambda(fun x -> Mx.Maximum(x, 0.0f)), Linear(4, 2))
        Mx.Eval(model.Parameters())
        Assert.That(shape (model.Forward a), Is.EqualTo [| 2; 2 |])

    [<Test>]
    member _.TransformsTakeLambdas() =
        let gradient = Mx.Grad(fun (x: MlxArray) -> Mx.Sum(x ** 2))
        Assert.That(values (gradient.Invoke a), Is.EqualTo(values (a * 2)))
        let struct (value, slope) = (Mx.ValueAndGrad(fun (x: MlxArray) -> Mx.Sum(x * x))).Invoke a
        Assert.That(value.Item<float32>(), Is.EqualTo 91.0f)
        Assert.That(values slope, Is.EqualTo(values (a * 2)))
        let compiled = Mx.Compile(fun (x: MlxArray) -> Mx.Exp x * 2)
        Assert.That(values (compiled.Invoke a), Is.EqualTo(values (Mx.Exp a * 2)).Within(1e-5).Percent)
