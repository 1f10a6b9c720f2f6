namespace DotMlx.FSharp.Tests

open System
open System.IO
open System.Text.RegularExpressions
open NUnit.Framework

/// Guide.fs is the program of docs/from-fsharp.md, and it prints what the page shows.
[<TestFixture; NonParallelizable>]
type GuideTests() =
    let rec root (folder: string) =
        if File.Exists(Path.Combine(folder, "DotMlx.slnx")) then folder
        else root (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator folder))

    let repository = root AppContext.BaseDirectory

    let blocks (language: string) =
        let page = File.ReadAllText(Path.Combine(repository, "docs/from-fsharp.md")).ReplaceLineEndings "\n"
        [ for block in Regex.Matches(page, $"^```{language}\n(.*?)^```", RegexOptions.Singleline ||| RegexOptions.Multiline) -> block.Groups[1].Value ]

    let lines (text: string) =
        [ for line in text.Split '\n' do
              let trimmed = line.Trim()
              if trimmed.Length > 0 then trimmed ]

    [<Test>]
    member _.ThePageShowsTheProgramThatIsCompiledHere() =
        let file = File.ReadAllText(Path.Combine(repository, "tests/DotMlx.FSharp.Tests/Guide.fs")).ReplaceLineEndings "\n"
        // The top-level code of the script is in a function here, after the types.
        let own = set [ "module DotMlx.FSharp.Tests.Guide"; "let run () =" ]
        let compiled = lines file |> List.filter (fun line -> not (own.Contains line))
        let shown = blocks "fsharp" |> List.collect lines
        let isType (line: string) = line.StartsWith "type MlxArray" || line.StartsWith "member array.GetSlice" || line.StartsWith "array[Slice("
        Expect.equal (shown |> List.filter (isType >> not)) (compiled |> List.filter (isType >> not))
        Expect.equal (shown |> List.filter isType) (compiled |> List.filter isType)

    [<Test>]
    member _.TheProgramPrintsWhatThePageShows() =
        let console = Console.Out
        use output = new StringWriter()
        Console.SetOut output
        try
            Guide.run ()
        finally
            Console.SetOut console
        Expect.equal (blocks "output" |> List.collect lines) (lines (output.ToString().ReplaceLineEndings "\n"))
