using DotMlx.Generator.Api;

namespace DotMlx.Generator.Sources;

/// <summary>Reads mlx-c's headers.</summary>
internal interface IHeaderParser
{
    /// <summary>Reads the headers below <paramref name="directory"/>, the folder that contains mlx/c.</summary>
    ApiVersion Parse(string directory, string version);
}
