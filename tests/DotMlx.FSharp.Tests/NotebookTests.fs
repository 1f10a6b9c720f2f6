namespace DotMlx.FSharp.Tests

open DotMlx
open DotMlx.NN
open Microsoft.DotNet.Interactive.Formatting
open NUnit.Framework

/// .NET Interactive's display of arrays, trees, and models.
[<TestFixture>]
type NotebookTests() =
    let html (value: obj) = value.ToDisplayString "text/html"

    [<Test>]
    member _.AnArrayIsShownWithShapeTypeAndValues() =
        let shown = html (MlxArray.Create [| 1.5f; 2.5f |])
        Assert.That(shown, Does.Contain "float32 (2)")
        Assert.That(shown, Does.Contain "1.5")

    [<Test>]
    member _.ATreeIsATableOfItsArrays() =
        let shown = html (Linear(3, 2).Parameters())
        Assert.That(shown, Does.Contain "<tr><td>weight</td><td>(2,3)</td><td>float32</td></tr>")

    [<Test>]
    member _.AModelIsShownByItsSummary() =
        let shown = html (Sequential(Linear(3, 2), ReLU()))
        Assert.That(shown, Does.Contain "<pre>Layer")
        Assert.That(shown, Does.Contain "layers.0")
