namespace DotMlx.FSharp.Tests

open System
open System.IO
open DotMlx
open DotMlx.NN
open DotMlx.Optimizers
open DotMlx.Training
open NUnit.Framework

/// Modules whose members F# registers by hand behave like generated ones, and an unregistered member is an error.
[<TestFixture>]
type RegistrationTests() =
    let names (tree: TreeDictionary) = tree.Flatten() |> Seq.map (fun item -> item.Key) |> Seq.toArray
    let message (action: unit -> unit) = Assert.Throws<InvalidOperationException>(fun () -> action ()).Message

    [<Test>]
    member _.MembersAreParametersUnderTheirNames() =
        let model = Mlp(2, 3, 1)
        Expect.equal [| "up.weight"; "up.bias"; "down.weight"; "down.bias"; "scale"; "seen" |] (names (model.Parameters()))
        Expect.equal [| "up.weight"; "up.bias"; "down.weight"; "down.bias"; "scale" |] (names (model.TrainableParameters()))
        Expect.equal [| "layers.0.weight"; "layers.0.bias"; "layers.1.weight"; "layers.1.bias"; "head.weight"; "head.bias" |] (names (Tower(2, 2).Parameters()))

    [<Test>]
    member _.ALoopLearnsALine() =
        Mx.Random.Seed 1UL
        let model = Mlp(1, 8, 1)
        let x = Mx.Linspace(-1.0, 1.0, 32).Reshape(32, 1)
        let y = x * 2 + 1
        let optimizer = Adam 1e-2
        let lossAndGradients = model.ValueAndGrad(fun (x: MlxArray) (y: MlxArray) -> Losses.MseLoss(model.Forward x, y))

        let step () =
            let struct (loss, gradients) = lossAndGradients.Invoke(x, y)
            optimizer.Update(model, gradients)
            Mx.Eval(loss, model.Parameters(), optimizer.State)
            loss.Item<float32>()

        let first = step ()
        let last = Seq.init 200 (fun _ -> step ()) |> Seq.last
        Assert.That(last, Is.LessThan(first / 20.0f))

    [<Test>]
    member _.ACompiledStepTrainsWhatStaysInPlace() =
        Mx.Random.Seed 2UL
        let model = Tower(2, 2)
        let x = Mx.Random.Normal [| 16; 2 |]
        let y = Mx.Sum(x, axis = 1, keepdims = true)
        use step = TrainingStep.Create(model, Adam 1e-2, fun (x: MlxArray) (y: MlxArray) -> Losses.MseLoss(model.Forward x, y))
        let first = step.Run(x, y)
        let last = Seq.init 100 (fun _ -> step.Run(x, y)) |> Seq.last
        Assert.That(last, Is.LessThan(first / 5.0f))

    [<Test>]
    member _.WeightsAreSavedAndLoadedAndLayersExchanged() =
        let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors")
        let model = Mlp(64, 64, 64)
        let copy = Mlp(64, 64, 64)
        let x = Mx.Random.Normal [| 2; 64 |]
        try
            model.SaveWeights path
            copy.LoadWeights path |> ignore
        finally
            File.Delete path
        Expect.equal ((model.Forward x).ToArray<float32>()) ((copy.Forward x).ToArray<float32>())
        copy.UpdateModules [ Collections.Generic.KeyValuePair("up", LoraLinear.FromLinear(copy.Up) :> Module) ] |> ignore
        Assert.That(copy.Up, Is.InstanceOf<LoraLinear>())
        Assert.That(names (copy.Parameters()), Does.Contain "up.lora_a")

    [<Test>]
    member _.AModuleThatRegistersNothingIsRefusedByName() =
        let model = Silent 2
        let text = message (fun () -> model.Parameters() |> ignore)
        Assert.That(text, Does.Contain("'proj' of module Silent holds a Linear").And.Contain "members.Add(\"proj\", …)")
        Assert.That(message (fun () -> Sequential(Lambda(fun x -> x), Nested(model)).TrainableParameters() |> ignore), Does.Contain "module Silent")

    [<Test>]
    member _.AForgottenMemberIsNamed() =
        let text = message (fun () -> Forgetful(2).TrainableParameters() |> ignore)
        Assert.That(text, Does.Contain("'SecondLayer' of module Forgetful").And.Contain "members.Add(\"second_layer\", …)")

    [<Test>]
    member _.AListThatCannotBeChangedIsRefused() =
        Assert.That(message (fun () -> Frozen(2).Parameters() |> ignore), Does.Contain("'layers' of module Frozen").And.Contain "ResizeArray")

    [<Test>]
    member _.WhatIsExcludedIsNoParameter() =
        Expect.equal [| "proj.weight"; "proj.bias" |] (names (Masked(2, Linear(1, 1)).Parameters()))

    [<Test>]
    member _.AnArrayNeedsASetter() =
        let error = Assert.Throws<ArgumentException>(fun () -> Unsettable().Parameters() |> ignore)
        Assert.That(error.Message, Does.Contain("'weight'").And.Contain "Add(name, get, set)")

    [<Test>]
    member _.WhatStaysInPlaceCannotBeExchanged() =
        let error = Assert.Throws<ArgumentException>(fun () -> Tower(64, 1).UpdateModules [ Collections.Generic.KeyValuePair("head", Linear(64, 1) :> Module) ] |> ignore)
        Assert.That(error.Message, Does.Contain("'head'").And.Contain "registered without a setter")
