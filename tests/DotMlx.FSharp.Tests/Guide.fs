module DotMlx.FSharp.Tests.Guide

open DotMlx
open DotMlx.NN
open DotMlx.Optimizers

type Mlp(inputs: int, hidden: int, outputs: int) =
    inherit Module()
    let up = Linear(inputs, hidden)
    let down = Linear(hidden, outputs)
    let mutable scale = Mx.Ones hidden

    member this.Scale
        with get () = scale
        and set (value: MlxArray) = this.SetArray(&scale, value)

    member this.Forward(x: MlxArray) = down.Forward(Activations.Relu(up.Forward x) * this.Scale)

    override this.AddMembers members =
        members.Add("up", up)
        members.Add("down", down)
        members.Add("scale", (fun () -> this.Scale), (fun value -> this.Scale <- value))

    interface IUnaryModule with
        member this.Forward x = this.Forward x

type MlxArray with
    member array.GetSlice(first: int option, last: int option) =
        array[Slice(Option.toNullable first, Option.toNullable (last |> Option.map ((+) 1)))]

let run () =
    Mx.Random.Seed 7UL
    let x = Mx.Linspace(-1.0, 1.0, 64).Reshape(64, 1)
    let y = x ** 2 - 0.5f * x
    let model = Mlp(1, 16, 1)
    let optimizer = Adam 1e-2
    let lossAndGradients = model.ValueAndGrad(fun (x: MlxArray) (y: MlxArray) -> Losses.MseLoss(model.Forward x, y))

    let mutable loss = nan
    for _ in 1..300 do
        let struct (value, gradients) = lossAndGradients.Invoke(x, y)
        optimizer.Update(model, gradients)
        Mx.Eval(value, model.Parameters(), optimizer.State)
        loss <- float value
    printfn "learned: %b" (loss < 1e-3)
    printfn "%s" (String.concat " " [ for item in model.Parameters().Flatten() -> item.Key ])

    let a = MlxArray.Create(array2D [ [ 1.0f; 2.0f; 3.0f ]; [ 4.0f; 5.0f; 6.0f ] ])
    let shapes = [ Mx.Zeros 3; Mx.Zeros(3, 4); Mx.Zeros [| 3; 4 |]; Mx.Random.Normal [| 2; 2 |] ]
    printfn "%A" [ for array in shapes -> array.NDim ]
    printfn "%g %g" (float (Mx.Sum(a * 2.0f + 1))) (float (Mx.Max(Mx.Mean(a, axis = 0, keepdims = true))))
    printfn "%g %g" (float a[1, -1]) (float (Mx.Sum a[MlxIndex.All, Slice(0, 2)]))
    a[0] <- Mx.Zeros 3
    printfn "%g" (float (Mx.Sum a))
    let both = Mx.Concatenate([ a; a ], axis = 1)
    let layers = Sequential(Linear(6, 4), Lambda(fun x -> Mx.Tanh x), Linear(4, 2))
    printfn "%d" (layers.Forward(both).Shape[1])

    printfn "%g" (float (Mx.Sum a[1..1]))
