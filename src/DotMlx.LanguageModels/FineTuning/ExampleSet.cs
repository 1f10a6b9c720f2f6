using System.Security.Cryptography;
using System.Text.Json;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// The examples of one JSON-lines file. The file is read and checked once; afterwards only places and lengths are kept, and examples are
/// read from the disk when they are needed.
/// </summary>
public sealed class ExampleSet
{
    private const int MaxLineBytes = 256 << 20;

    private readonly string _path;
    private readonly ExampleReader _reader;
    private readonly DataOptions _options;
    private readonly List<Entry> _entries;

    private ExampleSet(string path, ExampleReader reader, DataOptions options, List<Entry> entries) =>
        (_path, _reader, _options, _entries) = (path, reader, options, entries);

    /// <summary>How many examples there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The path of the file.</summary>
    public string Path => _path;

    /// <summary>How many examples are longer than <see cref="DataOptions.MaxLength"/> and lose their end.</summary>
    public int Truncated { get; private init; }

    /// <summary>How many lines teach nothing and are left out, because nothing is left to learn after masking and cutting.</summary>
    public int Skipped { get; private init; }

    /// <summary>How it was read.</summary>
    public DataOptions Options => _options;

    /// <summary>Tells this file, read this way, from any other.</summary>
    internal string Identity { get; private init; } = "";

    /// <summary>Reads an example from the file.</summary>
    /// <param name="index">Its number, in the order of the file; lines that were left out do not count.</param>
    /// <exception cref="IOException">The file cannot be read any more.</exception>
    /// <exception cref="InvalidDataException">The file has changed since it was loaded.</exception>
    public Example this[int index]
    {
        get
        {
            Entry entry = _entries[index];
            byte[] line = new byte[entry.Bytes];
            using (Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(_path))
            {
                int read = 0;
                while (read < line.Length && RandomAccess.Read(file, line.AsSpan(read), entry.Offset + read) is int more and > 0)
                {
                    read += more;
                }
            }
            return Digest(line) == entry.Digest
                ? Guarded(_path, entry.Line, () => Cut(_reader.Read(line)))
                : throw new InvalidDataException($"'{_path}', line {entry.Line}: the file has changed since it was loaded.");
        }
    }

    /// <summary>Reads and checks a file of JSON lines in one of mlx-lm's forms.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model, whose tokenizer and chat template make the tokens.</param>
    /// <param name="options">How lines become tokens; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A line is bad; the message names file, line and fault.</exception>
    /// <exception cref="NotSupportedException">The model has no tokenizer.</exception>
    public static ExampleSet Load(string path, LanguageModel model, DataOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(model);
        options ??= new();
        ExampleReader reader = new(model, options);
        List<Entry> entries = [];
        int truncated = 0, skipped = 0;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        foreach ((int number, long offset, byte[] line) in Lines(file, path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(line);
            hash.AppendData("\n"u8);
            if (line.AsSpan().IndexOfAnyExcept(" \t\r"u8) < 0)
            {
                continue;
            }
            Example whole = Guarded(path, number, () => reader.Read(line));
            int length = Math.Min(whole.Tokens.Length, options.MaxLength);
            if (length < 2 || whole.PromptLength >= length)
            {
                skipped++;
                continue;
            }
            truncated += whole.Tokens.Length > length ? 1 : 0;
            entries.Add(new(offset, line.Length, number, length, Digest(line)));
        }
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(FormattableString.Invariant($"{options.MaskPrompt} {options.MaxLength} {options.Packed}")));
        return new(path, reader, options, entries)
        {
            Truncated = truncated, Skipped = skipped, Identity = Convert.ToHexStringLower(hash.GetHashAndReset()),
        };
    }

    internal int LengthOf(int index) => _entries[index].Length;

    private static ulong Digest(byte[] line) => BitConverter.ToUInt64(SHA256.HashData(line));

    private Example Cut(Example example) =>
        example.Tokens.Length > _options.MaxLength ? example with { Tokens = example.Tokens[.._options.MaxLength] } : example;

    private static T Guarded<T>(string path, int line, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"'{path}', line {line}: it is no valid JSON{(error.BytePositionInLine is { } at ? FormattableString.Invariant($" at byte {at + 1}") : "")}.", error);
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or ChatTemplateException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}', line {line}: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>The lines of a file with their numbers, counted from 1, and places.</summary>
    private static IEnumerable<(int Number, long Offset, byte[] Line)> Lines(FileStream file, string path)
    {
        byte[] buffer = new byte[1 << 16];
        List<byte> line = [];
        long offset = 0;
        int number = 1, read;
        while ((read = file.Read(buffer)) > 0)
        {
            int start = 0;
            while (start < read)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', start, read - start);
                line.AddRange(buffer.AsSpan(start..(end < 0 ? read : end)));
                if (line.Count > MaxLineBytes)
                {
                    throw new InvalidDataException($"'{path}', line {number}: it is longer than {MaxLineBytes} bytes.");
                }
                if (end < 0)
                {
                    break;
                }
                yield return Finish();
                offset += line.Count + 1;
                line.Clear();
                number++;
                start = end + 1;
            }
        }
        if (line.Count > 0)
        {
            yield return Finish();
        }

        (int, long, byte[]) Finish()
        {
            // A byte order mark is no part of the first line's JSON.
            int skip = number == 1 && line.Count >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF ? 3 : 0;
            return (number, offset + skip, [.. line.Skip(skip)]);
        }
    }

    private readonly record struct Entry(long Offset, int Bytes, int Line, int Length, ulong Digest);
}
