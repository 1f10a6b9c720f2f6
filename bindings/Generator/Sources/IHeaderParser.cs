using DotMlx.Generator.Api;

namespace DotMlx.Generator.Sources;

/// <summary>Anything that can read mlx-c's headers.</summary>
internal interface IHeaderParser
{
    /// <summary>Reads the headers below <paramref name="directory"/> (the folder that holds mlx/c).</summary>
    ApiVersion Parse(string directory, string version);
}
