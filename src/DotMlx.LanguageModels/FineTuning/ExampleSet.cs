using System.Security.Cryptography;
using System.Text.Json;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// The examples of a JSON Lines file. Loading reads and validates the file once and keeps only offsets, lengths, and digests. Each access
/// reads an example from disk.
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

    /// <summary>The number of examples.</summary>
    public int Count => _entries.Count;

    /// <summary>The path of the file.</summary>
    public string Path => _path;

    /// <summary>The number of examples longer than <see cref="DataOptions.MaxLength"/>, which are truncated.</summary>
    public int Truncated { get; private init; }

    /// <summary>The number of lines that were skipped because no trainable tokens remain after masking and truncation.</summary>
    public int Skipped { get; private init; }

    /// <summary>The options that the file was loaded with.</summary>
    public DataOptions Options => _options;

    /// <summary>A hash that identifies this file and the options that it was loaded with.</summary>
    internal string Identity { get; private init; } = "";

    /// <summary>Reads an example from the file.</summary>
    /// <param name="index">The index of the example in file order, from 0. Skipped lines don't count.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    /// <exception cref="IOException">The file can no longer be read.</exception>
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

    /// <summary>Loads and validates a JSON Lines file in one of the formats of mlx-lm.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="model">The model, which supplies the tokenizer and the chat template.</param>
    /// <param name="options">The conversion options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels loading.</param>
    /// <returns>The examples of the file.</returns>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">A line is invalid. The message names the file, the line, and the fault.</exception>
    /// <exception cref="NotSupportedException">The model has no tokenizer.</exception>
    /// <exception cref="OperationCanceledException">Loading was canceled.</exception>
    public static ExampleSet Load(string path, LanguageModel model, DataOptions? options = null,
        CancellationToken cancellationToken = default)
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
        hash.AppendData(System.Text.Encoding.UTF8
            .GetBytes(FormattableString.Invariant($"{options.MaskPrompt} {options.MaxLength} {options.Packed}")));
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
                $"'{path}', line {line}: it isn't valid "
                + $"JSON{(error.BytePositionInLine is { } at ? FormattableString.Invariant($" at byte {at + 1}") : "")}.", error);
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or ChatTemplateException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}', line {line}: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>The lines of a file, with line numbers from 1 and byte offsets.</summary>
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
            // JSON parsers reject a byte order mark.
            int skip = number == 1 && line.Count >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF ? 3 : 0;
            return (number, offset + skip, [.. line.Skip(skip)]);
        }
    }

    private readonly record struct Entry(long Offset, int Bytes, int Line, int Length, ulong Digest);
}
