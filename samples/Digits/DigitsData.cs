using System.Globalization;
using System.IO.Compression;

namespace DotMlx.Samples.Digits;

/// <summary>Images as rows of 64 pixels scaled to [0, 1], and the digits that they show.</summary>
internal sealed record DigitsSet(float[] Pixels, int[] Labels)
{
    public int Count => Labels.Length;

    /// <summary>The pixels as a float32 array [count, 64].</summary>
    public MlxArray Images() => MlxArray.Create<float>(Pixels, Count, DigitsData.PixelCount);

    /// <summary>The digits as an int32 array [count].</summary>
    public MlxArray Targets() => MlxArray.Create<int>(Labels, Count);
}

/// <summary>Loads the digits: four fifths for training, and one fifth held out.</summary>
internal sealed class DigitsData
{
    public const int PixelCount = 64;
    public const int ClassCount = 10;

    private const int MaximumPixel = 16;
    private const int HeldOutEvery = 5;
    private const int DigitsRun = 10;

    public required DigitsSet Training { get; init; }

    public required DigitsSet HeldOut { get; init; }

    /// <summary>The copy next to the program.</summary>
    public static string DefaultPath => Path.Combine(AppContext.BaseDirectory, "data", "digits.csv.gz");

    /// <summary>Reads a gzip-compressed table with 65 integers per row.</summary>
    /// <exception cref="UserErrorException">
    /// The file can't be read or isn't such a table; the message contains the file and the line.
    /// </exception>
    public static DigitsData Load(string path)
    {
        var training = new Rows();
        var heldOut = new Rows();
        try
        {
            using FileStream file = File.OpenRead(path);
            using var unpacked = new GZipStream(file, CompressionMode.Decompress);
            using var reader = new StreamReader(unpacked);
            int line = 0;
            while (reader.ReadLine() is { } text)
            {
                // One row in five is held out, so that each writer occurs on both sides. The row moves every ten rows, because the digits
                // run from 0 to 9 in long stretches, and each digit should be held out equally often.
                bool held = line % HeldOutEvery == line / DigitsRun % HeldOutEvery;
                (held ? heldOut : training).Add(text, path, ++line);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UserErrorException($"cannot read the digits '{path}': {e.Message}", e);
        }

        if (heldOut.Count == 0)
        {
            throw new UserErrorException($"the digits '{path}' have fewer than {HeldOutEvery} rows.");
        }

        return new DigitsData { Training = training.ToSet(), HeldOut = heldOut.ToSet() };
    }

    private sealed class Rows
    {
        private readonly List<float> _pixels = [];
        private readonly List<int> _labels = [];

        public int Count => _labels.Count;

        public DigitsSet ToSet() => new([.. _pixels], [.. _labels]);

        public void Add(string text, string path, int line)
        {
            ReadOnlySpan<char> row = text;
            int column = 0;
            foreach (Range field in row.Split(','))
            {
                int limit = column < PixelCount ? MaximumPixel : ClassCount - 1;
                if (!int.TryParse(row[field], NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value > limit)
                {
                    throw new UserErrorException(
                        $"the digits '{path}', line {line}, column {column + 1}: '{row[field]}' isn't a whole number from 0 to {limit}.");
                }

                if (column < PixelCount)
                {
                    _pixels.Add(value / (float)MaximumPixel);
                }
                else
                {
                    _labels.Add(value);
                }

                column++;
            }

            if (column != PixelCount + 1)
            {
                throw new UserErrorException($"the digits '{path}', line {line}: {column} columns instead of {PixelCount + 1}.");
            }
        }
    }
}
