namespace DotMlx.Bindings;

/// <summary>A known mlx-c version and the exported symbols by which it is recognised.</summary>
internal sealed partial record KnownMlxc(MlxcVersions Flag, string Name, string Commit, string Mlx, string[] Present, string[] Absent);
