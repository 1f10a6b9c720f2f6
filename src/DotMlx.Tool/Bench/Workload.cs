namespace DotMlx.Tool.Bench;

/// <summary>Something to measure: what one run of it is, and how much work that is.</summary>
/// <param name="Name">The operation.</param>
/// <param name="Size">Its sizes, as people say them.</param>
/// <param name="Type">The element type.</param>
/// <param name="Work">The work of a run, in <paramref name="Unit"/>.</param>
/// <param name="Unit">FLOP, B (bytes moved to and from memory) or examples.</param>
/// <param name="Prepare">Makes the inputs and gives what a run does, up to the evaluated result.</param>
internal sealed record Workload(string Name, string Size, string Type, double Work, string Unit, Func<Action> Prepare);
