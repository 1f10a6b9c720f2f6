using System.Text;

namespace DotMlx.Samples.CharLm;

/// <summary>The text to learn: all files of one kind below a folder, as numbers of characters.</summary>
internal sealed class Corpus
{
    private readonly int[] _tokens;
    private readonly int _trainingLength;

    private Corpus(string text, Vocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        _tokens = vocabulary.Encode(text);
        _trainingLength = _tokens.Length - (_tokens.Length / 10);
    }

    public Vocabulary Vocabulary { get; }

    public int Length => _tokens.Length;

    /// <summary>Reads the files of a folder, by default Markdown, in the order of their names, so that a run is reproducible.</summary>
    /// <exception cref="UserErrorException">The folder doesn't exist, or contains too little text.</exception>
    public static Corpus Load(string path, int context, Vocabulary? vocabulary = null, string pattern = "*.md")
    {
        string text = Read(path, pattern);
        if (text.Length < 20 * context)
        {
            throw new UserErrorException($"'{path}' holds {text.Length} characters ({pattern}), fewer than "
                + $"20 contexts of {context}: give more with --data.");
        }
        return new(text, vocabulary ?? Vocabulary.Of(text));
    }

    /// <summary>Returns random pieces of the text, and the same pieces shifted by one character.</summary>
    public (MlxArray Inputs, MlxArray Targets) Batch(Random random, int batchSize, int context, bool training = true)
    {
        int first = training ? 0 : _trainingLength;
        int last = (training ? _trainingLength : _tokens.Length) - context - 1;
        int[] inputs = new int[batchSize * context], targets = new int[batchSize * context];
        for (int row = 0; row < batchSize; row++)
        {
            int start = last > first ? random.Next(first, last) : Math.Max(0, _tokens.Length - context - 1);
            _tokens.AsSpan(start, context).CopyTo(inputs.AsSpan(row * context));
            _tokens.AsSpan(start + 1, context).CopyTo(targets.AsSpan(row * context));
        }
        return (MlxArray.Create(inputs, batchSize, context), MlxArray.Create(targets, batchSize, context));
    }

    /// <summary>Splits the training text, or the validation text, into pieces of equal length.</summary>
    public IEnumerable<string> Pieces(int length, bool training) =>
        (training ? _tokens[.._trainingLength] : _tokens[_trainingLength..]).Chunk(length)
        .Where(piece => piece.Length == length).Select(piece => new string([.. piece.Select(Vocabulary.Decode)]));

    private static string Read(string path, string pattern)
    {
        try
        {
            if (File.Exists(path))
            {
                return Normalize(File.ReadAllText(path));
            }
            if (!Directory.Exists(path))
            {
                throw new UserErrorException($"there is no file or folder '{path}' to learn from.");
            }
            StringBuilder text = new();
            IEnumerable<string> files =
                Directory.EnumerateFiles(path, pattern, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
                .Where(file => !IsBuildOutput(Path.GetRelativePath(path, file)))
                .Order(StringComparer.Ordinal);
            foreach (string file in files)
            {
                text.Append(Normalize(File.ReadAllText(file))).Append("\n\n");
            }
            return text.ToString();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot read '{path}': {error.Message}");
        }
    }

    private static bool IsBuildOutput(string relative) =>
        relative.Split(Path.DirectorySeparatorChar)
            .Any(part => part is "bin" or "obj" or "artifacts" or "node_modules" || part.StartsWith('.'));

    private static string Normalize(string text) => text.ReplaceLineEndings("\n");
}

/// <summary>The characters that a model knows; number 0 represents all others.</summary>
internal sealed class Vocabulary
{
    private const char Unknown = '\uFFFD';
    private readonly Dictionary<char, int> _numbers = [];

    private Vocabulary(string characters)
    {
        Characters = characters;
        for (int i = 0; i < characters.Length; i++)
        {
            _numbers[characters[i]] = i;
        }
    }

    public string Characters { get; }

    public int Count => Characters.Length;

    /// <summary>Returns the characters that occur at least twice in a text, in Unicode order.</summary>
    public static Vocabulary Of(string text) =>
        new(Unknown + new string([.. text.GroupBy(c => c).Where(g => g.Count() > 1 && g.Key != Unknown).Select(g => g.Key).Order()]));

    public static Vocabulary FromCharacters(string characters) => new(characters);

    public int[] Encode(string text) => [.. text.Select(c => _numbers.GetValueOrDefault(c))];

    public char Decode(int number) => Characters[number];
}
