using System.Globalization;
using System.Net;
using System.Text;
using DotMlx.NN;

namespace DotMlx;

/// <summary>
/// Names the class that formats values of a type in a notebook. .NET Interactive finds this attribute, the source class, and its formatters
/// by name, so DotMlx needs no reference to its packages.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;

    public string[] PreferredMimeTypes { get; set; } = ["text/html"];
}

/// <summary>Creates the formatters; .NET Interactive calls this class.</summary>
internal sealed class NotebookFormatterSource
{
#pragma warning disable CA1822 // .NET Interactive calls it on an instance.
    public IEnumerable<object> CreateTypeFormatters() => [new NotebookFormatter("text/html"), new NotebookFormatter("text/plain")];
#pragma warning restore CA1822
}

/// <summary>Formats an array, a tree, or a model for a notebook.</summary>
internal sealed class NotebookFormatter(string mimeType)
{
    public string MimeType { get; } = mimeType;

    /// <summary>Writes a value if it is an array, a tree, or a model.</summary>
    /// <returns>Whether the value was written.</returns>
    public bool Format(object instance, TextWriter writer)
    {
        bool html = MimeType == "text/html";
        string? text = instance switch
        {
            MlxArray array => html ? Html(array) : array.ToString(),
            Module module => html ? $"<pre>{WebUtility.HtmlEncode(module.Summary())}</pre>" : module.Summary(),
            Tree tree => html ? Html(tree) : tree.ToString(),
            _ => null,
        };
        writer.Write(text);
        return text is not null;
    }

    private static string Html(MlxArray array)
    {
        string size = array.IsDisposed ? "disposed" : $"{array.DType.MlxName()} {ShapeText.Of(array)}";
        return $"<div><code>{size}</code><pre>{WebUtility.HtmlEncode(array.ToString())}</pre></div>";
    }

    private static string Html(Tree tree)
    {
        StringBuilder rows = new("<table><thead><tr><th>Name</th><th>Shape</th><th>Type</th></tr></thead><tbody>");
        foreach ((string name, MlxArray array) in tree.Flatten())
        {
            rows.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{WebUtility.HtmlEncode(name)}</td><td>{ShapeText.Of(array)}</td><td>{array.DType.MlxName()}</td></tr>");
        }

        return rows.Append("</tbody></table>").ToString();
    }
}
