using System.Globalization;

namespace DotMlx.Bindings;

/// <summary>Rewrites some of MLX's messages, which are in terms of its C++ code, as sentences.</summary>
internal static class MlxMessages
{
    private static readonly (string Part, string Sentence)[] Sentences =
    [
        ("array without a primitive",
            "[eval] An array has no value: it was made inside a function that is compiled, vectorized, "
            + "or exported, and used outside of it. Return it from "
            + "the function, or name the model or optimizer that keeps it as state of the compiled function: Mx.Compile(fun, inputs: "
            + "[model], outputs: [model])."),
        ("during function transformations",
            "[eval] A function that is being compiled, vectorized, or exported cannot evaluate (Eval, Item, "
            + "ToArray, ToString) arrays that it computes from its "
            + "arguments, which have no values yet. Evaluate its result instead."),
    ];

    private const string NoGradient =
        "Stop the gradient there with Mx.StopGradient, or give the function a gradient of its own with Mx.CustomFunction.";

    private static readonly (string Start, string End, string Sentence)[] Missing =
    [
        ("[Primitive::vjp] Not implemented for ", ".", "[grad] MLX has no gradient of the operation {0}. " + NoGradient),
        ("[Primitive::jvp] Not implemented for ", ".", "[jvp] MLX has no derivative of the operation {0}. " + NoGradient),
        ("[Primitive::vmap] Not implemented for ", ".",
            "[vmap] MLX cannot vectorize the operation {0}. Call the function for each element in a loop, and stack the results."),
        ("[scatter] VJP not implemented for scatter_prod", "",
            "[grad] MLX has no gradient of products at positions (At[…].Multiply and At[…].Divide). " + NoGradient),
        ("[Compile::eval_cpu] Failed to compile function ", "",
            "[compile] The C++ compiler failed for a part of the compiled function. Before MLX 0.32, this happens for a captured array with "
            + "one element that is NaN: pass it as an argument. MLX's message: {0}"),
        ("VJP is not implemented for cumulative min/max", "", "[grad] MLX has no gradient of CumMax and CumMin. " + NoGradient),
    ];

    internal static string? Explain(string? message)
    {
        foreach ((string start, string end, string sentence) in Missing)
        {
            if (message?.IndexOf(start, StringComparison.Ordinal) is int at and >= 0)
            {
                string rest = message[(at + start.Length)..];
                int length = end.Length == 0 ? -1 : rest.IndexOf(end, StringComparison.Ordinal);
                return string.Format(CultureInfo.InvariantCulture, sentence, length < 0 ? rest : rest[..length]);
            }
        }

        foreach ((string part, string sentence) in Sentences)
        {
            if (message is not null && message.Contains(part, StringComparison.Ordinal)) return sentence;
        }

        return message;
    }
}
