namespace DotMlx.Tool.Bench;

/// <summary>A measured operation: one run of it, and the work of that run.</summary>
/// <param name="Name">The operation.</param>
/// <param name="Size">Its sizes as readable text.</param>
/// <param name="Type">The element type.</param>
/// <param name="Work">The work of a run, in <paramref name="Unit"/>.</param>
/// <param name="Unit">FLOP, B (bytes moved to and from memory), or examples.</param>
/// <param name="Prepare">Creates the inputs and returns the function of a run, which evaluates its result.</param>
internal sealed record Workload(string Name, string Size, string Type, double Work, string Unit, Func<Action> Prepare);
