namespace DotMlx.FSharp.Tests

open DotMlx
open DotMlx.NN

module Expect =
    /// F# can't choose among NUnit's overloads for objects, sequences, and values.
    let equal (expected: 'T) (actual: 'T) =
        NUnit.Framework.Assert.That(box actual, NUnit.Framework.Is.EqualTo(box expected))

/// Replaceable layers, an array, and a buffer.
type Mlp(inputs: int, hidden: int, outputs: int) =
    inherit Module()
    let mutable scale = Mx.Ones hidden

    member val Up = Linear(inputs, hidden) with get, set
    member val Down = Linear(hidden, outputs) with get, set
    member val Seen = Mx.Zeros 1 with get, set

    member this.Scale
        with get () = scale
        and set (value: MlxArray) = this.SetArray(&scale, value)

    member this.Forward(x: MlxArray) =
        this.Down.Forward(Activations.Relu(this.Up.Forward x) * this.Scale)

    override this.AddMembers members =
        members.Add("up", (fun () -> this.Up), (fun value -> this.Up <- value))
        members.Add("down", (fun () -> this.Down), (fun value -> this.Down <- value))
        members.Add("scale", (fun () -> this.Scale), (fun value -> this.Scale <- value))
        members.Add("seen", (fun () -> this.Seen), (fun value -> this.Seen <- value), isBuffer = true)

    interface IUnaryModule with
        member this.Forward x = this.Forward x

/// Layers that can't be replaced, some of them in a list.
type Tower(size: int, depth: int) =
    inherit Module()
    let layers = ResizeArray [ for _ in 1..depth -> Linear(size, size) ]
    let head = Linear(size, 1)

    member _.Forward(x: MlxArray) =
        let mutable y = x
        for layer in layers do
            y <- Mx.Tanh(layer.Forward y)
        head.Forward y

    override _.AddMembers members =
        members.Add("layers", layers)
        members.Add("head", head)

/// Registers nothing.
type Silent(size: int) =
    inherit Module()
    let proj = Linear(size, size)
    member _.Forward(x: MlxArray) = proj.Forward x

/// Registers one of its two layers.
type Forgetful(size: int) =
    inherit Module()
    let first = Linear(size, size)
    member val SecondLayer = Linear(size, size)
    member this.Forward(x: MlxArray) = this.SecondLayer.Forward(first.Forward x)
    override _.AddMembers members = members.Add("first", first)

/// Holds layers in an immutable list.
type Frozen(size: int) =
    inherit Module()
    let layers = [ Linear(size, size); Linear(size, size) ]
    member _.Forward(x: MlxArray) = layers |> List.fold (fun y layer -> layer.Forward y) x

/// Holds a mask that isn't a parameter, and a module that belongs to another one.
type Masked(size: int, parent: Module) =
    inherit Module()
    let mask = Mx.Tri(size)
    let proj = Linear(size, size)
    member _.Forward(x: MlxArray) = proj.Forward x * mask

    [<NotParameter>]
    member val Parent = parent

    override this.AddMembers members =
        members.Add("proj", proj)
        members.Exclude mask

/// Holds another module and registers it.
type Nested(inner: Silent) =
    inherit Module()
    override _.AddMembers members = members.Add("inner", inner)

    interface IUnaryModule with
        member _.Forward x = inner.Forward x

/// Registers an array without a setter.
type Unsettable() =
    inherit Module()
    let weight = Mx.Ones 2
    override _.AddMembers members = members.Add("weight", weight)
