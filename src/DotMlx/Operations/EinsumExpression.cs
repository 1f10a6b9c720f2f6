namespace DotMlx;

/// <summary>Parses the subscripts of an Einstein summation for given shapes: one letter per axis, with ellipses expanded.</summary>
internal sealed class EinsumExpression
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Ellipsis = "...";

    private EinsumExpression(string[] inputs, string output, Dictionary<char, int> sizes)
    {
        Inputs = inputs;
        Output = output;
        Sizes = sizes;
    }

    internal string[] Inputs { get; }

    internal string Output { get; }

    /// <summary>The size of each letter's axis after broadcasting.</summary>
    internal Dictionary<char, int> Sizes { get; }

    internal static EinsumExpression Parse(string subscripts, int[][] shapes)
    {
        if (shapes.Length == 0)
        {
            throw new ArgumentException("At least one operand is needed.");
        }

        string text = subscripts.Replace(" ", "", StringComparison.Ordinal);
        int arrow = text.IndexOf("->", StringComparison.Ordinal);
        string[] inputs = (arrow < 0 ? text : text[..arrow]).Split(',');
        string output = arrow < 0 ? ImplicitOutput(inputs) : text[(arrow + 2)..];
        if (inputs.Length != shapes.Length)
        {
            throw new ArgumentException(
                $"The subscripts '{subscripts}' name {inputs.Length} operands, but {shapes.Length} were given.");
        }

        string unused = string.Concat(Letters.Where(letter => !text.Contains(letter, StringComparison.Ordinal)));
        int longest = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            int hidden = shapes[i].Length - (Check(inputs[i]).Length - Ellipsis.Length);
            if (inputs[i].Contains('.', StringComparison.Ordinal))
            {
                if (hidden < 0 || hidden > unused.Length)
                {
                    throw new ArgumentException(
                        $"The subscripts '{inputs[i]}' do not fit operand {i} of shape {ShapeText.Of(shapes[i])}.");
                }

                longest = Math.Max(longest, hidden);
                inputs[i] = inputs[i].Replace(Ellipsis, unused[^hidden..], StringComparison.Ordinal);
            }
        }

        output = Check(output).Replace(Ellipsis, unused[^longest..], StringComparison.Ordinal);
        if (output.Distinct().Count() != output.Length)
        {
            throw new ArgumentException($"The result '{output}' names an axis twice.");
        }

        Dictionary<char, int> sizes = Measure(inputs, shapes);
        foreach (char letter in output)
        {
            if (!sizes.ContainsKey(letter))
            {
                throw new ArgumentException($"The result names '{letter}', which no operand has.");
            }
        }

        return new EinsumExpression(inputs, output, sizes);
    }

    // If there is no arrow, the ellipsis comes first, and then every letter that occurs once, in alphabetical order.
    private static string ImplicitOutput(string[] inputs)
    {
        string all = string.Concat(inputs);
        IEnumerable<char> once = all.Where(char.IsAsciiLetter)
            .GroupBy(letter => letter).Where(group => group.Count() == 1).Select(group => group.Key).Order();
        return (all.Contains('.', StringComparison.Ordinal) ? Ellipsis : "") + string.Concat(once);
    }

    private static string Check(string subscript)
    {
        int at = subscript.IndexOf(Ellipsis, StringComparison.Ordinal);
        string letters = at < 0 ? subscript : subscript.Remove(at, Ellipsis.Length);
        foreach (char letter in letters)
        {
            if (!char.IsAsciiLetter(letter))
            {
                throw new ArgumentException(
                    $"Subscripts are letters and at most one ellipsis, but '{subscript}' has '{letter}'.");
            }
        }

        return subscript;
    }

    private static Dictionary<char, int> Measure(string[] inputs, int[][] shapes)
    {
        Dictionary<char, int> sizes = [];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Length != shapes[i].Length)
            {
                throw new ArgumentException(
                    $"The subscripts '{inputs[i]}' name {inputs[i].Length} axes, but operand {i} has shape {ShapeText.Of(shapes[i])}.");
            }

            for (int axis = 0; axis < inputs[i].Length; axis++)
            {
                char letter = inputs[i][axis];
                int size = shapes[i][axis];
                int known = sizes.GetValueOrDefault(letter, size);
                bool repeated = inputs[i].IndexOf(letter, StringComparison.Ordinal) is int first
                    && shapes[i][first] != size;
                if (repeated || (size != known && size != 1 && known != 1))
                {
                    throw new ArgumentException(
                        $"Axis '{letter}' has size {size} in operand {i} of shape {ShapeText.Of(shapes[i])}, but {known} elsewhere.");
                }

                sizes[letter] = Math.Max(known, size);
            }
        }

        return sizes;
    }
}
