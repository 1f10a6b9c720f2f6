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

    internal static string? Explain(string? message)
    {
        foreach ((string part, string sentence) in Sentences)
        {
            if (message is not null && message.Contains(part, StringComparison.Ordinal)) return sentence;
        }

        return message;
    }
}
