using System.Data;
using System.IO.Compression;
using Sylvan.Data.Csv;

namespace DotMlx.Data.Sources;

/// <summary>The rows of a CSV file.</summary>
internal sealed class CsvDataset<T>(string path, Func<IDataRecord, T> read, bool hasHeader, char delimiter) : StreamedDataset<T>
{
    internal override string NameOf(long position) => $"{path}, row {position + 1}";

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        long position = 0;
        using StreamReader text = DatasetException.Naming(path, OpenText, static p => p);
        using CsvDataReader rows = DatasetException.Naming(text, Reader, _ => path);
        while (DatasetException.Naming(rows, static r => r.Read(), _ => NameOf(position)))
        {
            if (position >= skip)
            {
                yield return DatasetException.Naming(rows, r => read(r), _ => NameOf(position));
            }

            position++;
        }
    }

    private CsvDataReader Reader(StreamReader text) =>
        CsvDataReader.Create(text, new CsvDataReaderOptions { HasHeaders = hasHeader, Delimiter = delimiter, OwnsReader = false });

    private static StreamReader OpenText(string path)
    {
        FileStream file = File.OpenRead(path);
        return new StreamReader(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file);
    }
}
