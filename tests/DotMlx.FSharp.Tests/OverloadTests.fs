namespace DotMlx.FSharp.Tests

open System
open DotMlx
open DotMlx.NN
open DotMlx.Optimizers
open NUnit.Framework

/// The library from F#: calls without spans, operators with numbers, optional arguments, and indexing.
[<TestFixture>]
type OverloadTests() =
    let a = MlxArray.Create(array2D [ [ 1.0f; 2.0f; 3.0f ]; [ 4.0f; 5.0f; 6.0f ] ])

    let shape (array: MlxArray) = array.Shape.ToArray()
    let values (array: MlxArray) = array.AsType(DType.Float32).ToArray<float32>()

    [<Test>]
    member _.ShapesAreArgumentsOrArrays() =
        Expect.equal [| 3 |] (shape (Mx.Zeros 3))
        Expect.equal [| 3; 4 |] (shape (Mx.Ones(3, 4)))
        Expect.equal [| 2; 3 |] (shape (Mx.Zeros [| 2; 3 |]))
        Expect.equal [| 2; 3 |] (shape (Mx.Zeros([| 2; 3 |], DType.Int32)))
        Expect.equal [| 2 |] (shape (Mx.Full([| 2 |], 1.5f)))
        Expect.equal [| 2; 3 |] (shape (Mx.Random.Normal [| 2; 3 |]))
        Expect.equal [| 5 |] (shape (Mx.Random.Uniform([| 5 |], low = -1.0, high = 1.0)))
        Expect.equal [| 4 |] (shape (Mx.Random.RandInt(0, 9, [| 4 |])))
        Expect.equal [| 3; 2 |] (shape (a.Reshape(3, -1)))
        Expect.equal [| 6 |] (shape (Mx.Reshape(a, [| 6 |])))
        Expect.equal [| 3; 2 |] (shape (a.Transpose()))
        Expect.equal [| 3; 2 |] (shape (Mx.Transpose(a, 1, 0)))
        Expect.equal [| 4; 2; 3 |] (shape (Mx.BroadcastTo(a, 4, 2, 3)))
        Expect.equal [| 0.0f; 1.0f; 2.0f |] (values (Mx.Arange 3))
        Expect.equal [| 1.0f; 2.0f |] (values (MlxArray.Create [| 1; 2 |]))
        Expect.equal [| 2; 2 |] (shape (MlxArray.Create([| 1; 2; 3; 4 |], 2, 2)))

    [<Test>]
    member _.OperatorsTakeNumbers() =
        Expect.equal [| 1.5f; 2.5f; 3.5f; 4.5f; 5.5f; 6.5f |] (values (a + 0.5f))
        Expect.equal (values (2 * a)) (values (a * 2.0f))
        Expect.equal (values (-a + 1)) (values (1.0 - a))
        Expect.equal (values (a * 0.5)) (values (a / 2))
        Expect.equal (values (a * a)) (values (a ** 2))
        Expect.equal (values (Mx.Power(a, a))) (values (a ** a))
        Expect.equal [| 0.0f; 0.0f; 0.0f; 1.0f; 1.0f; 1.0f |] (values (Mx.Greater(a, 3)))
        Expect.equal [| 0.0f; 0.0f; 0.0f; 4.0f; 5.0f; 6.0f |] (values (Mx.Where(Mx.Greater(a, 3), a, 0.0f)))

    [<Test>]
    member _.OptionalArgumentsAreNamedOrLeftOut() =
        Expect.equal 21.0f ((Mx.Sum a).Item<float32>())
        Expect.equal [| 5.0f; 7.0f; 9.0f |] (values (Mx.Sum(a, axis = 0)))
        Expect.equal [| 2; 1 |] (shape (Mx.Mean(a, axis = -1, keepdims = true)))
        Expect.equal 6.0f ((Mx.Max(a, [| 0; 1 |])).Item<float32>())
        Expect.equal 12L (Linear(3, 4, bias = false).ParameterCount())
        Expect.equal 21.0 (float (Mx.Sum a))
        let optimizer = AdamW(1e-3, weightDecay = 0.1)
        Expect.equal 1e-3f (optimizer.LearningRate.Item<float32>())

    [<Test>]
    member _.IndexesArePositionsSlicesAndArrays() =
        Expect.equal [| 1.0f; 2.0f; 3.0f |] (values a[0])
        Expect.equal 6.0f (a[1, 2].Item<float32>())
        Expect.equal [| 3.0f; 6.0f |] (values a[MlxIndex.All, -1])
        Expect.equal [| 2.0f; 3.0f |] (values a[0, Slice(1, 3)])
        Expect.equal [| 1.0f |] (values a[Range(Index 0, Index 1), 0])
        let picked = MlxArray.Create [| 2; 0 |]
        Expect.equal [| 3.0f; 1.0f |] (values a[0, picked])
        let b = Mx.Zeros(2, 2)
        b[0] <- Mx.Ones 2
        b[1, 1] <- 5.0f
        Expect.equal [| 1.0f; 1.0f; 0.0f; 5.0f |] (values b)
        Expect.equal [| 2.0f; 2.0f; 0.0f; 5.0f |] (values (b.At[0].Add 1.0f))

    [<Test>]
    member _.SeveralArraysAreArgumentsOrSequences() =
        let b = a + 1
        Mx.Eval(a, b)
        Mx.Eval b
        Expect.equal [| 2; 6 |] (shape (Mx.Concatenate([ a; b ], axis = 1)))
        Expect.equal [| 2; 2; 3 |] (shape (Mx.Stack [| a; b |]))
        Expect.equal [| 2; 2 |] (shape (Mx.Einsum("ij,kj->ik", a, b)))
        Expect.equal 2 ((Mx.Meshgrid(Mx.Arange 2, Mx.Arange 3)).Length)
        let model = Sequential(Linear(3, 4), Lambda(fun x -> Mx.Maximum(x, 0.0f)), Linear(4, 2))
        Mx.Eval(model.Parameters())
        Expect.equal [| 2; 2 |] (shape (model.Forward a))

    [<Test>]
    member _.TransformsTakeLambdas() =
        let gradient = Mx.Grad(fun (x: MlxArray) -> Mx.Sum(x ** 2))
        Expect.equal (values (a * 2)) (values (gradient.Invoke a))
        let struct (value, slope) = (Mx.ValueAndGrad(fun (x: MlxArray) -> Mx.Sum(x * x))).Invoke a
        Expect.equal 91.0f (value.Item<float32>())
        Expect.equal (values (a * 2)) (values slope)
        let compiled = Mx.Compile(fun (x: MlxArray) -> Mx.Exp x * 2)
        Assert.That((Mx.AllClose(compiled.Invoke a, Mx.Exp a * 2)).Item<bool>())
