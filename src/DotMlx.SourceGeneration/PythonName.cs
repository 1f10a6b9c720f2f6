using System.Text;

namespace DotMlx.SourceGeneration;

/// <summary>Converts a C# member name to the name of the same attribute in Python.</summary>
internal static class PythonName
{
    /// <summary><c>QueryProj</c> becomes <c>query_proj</c>, <c>QKVProj</c> <c>qkv_proj</c>, <c>W1</c> <c>w1</c>.</summary>
    public static string From(string name)
    {
        StringBuilder result = new(name.Length + 4);
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && StartsWord(name, i))
            {
                result.Append('_');
            }
            result.Append(char.ToLowerInvariant(name[i]));
        }
        return result.ToString();
    }

    private static bool StartsWord(string name, int index)
    {
        if (index == 0 || name[index - 1] == '_')
        {
            return false;
        }
        bool nextIsLower = index + 1 < name.Length && char.IsLower(name[index + 1]);
        char previous = name[index - 1];
        return char.IsUpper(previous) || char.IsDigit(previous) ? nextIsLower : true;
    }
}
