using SharpFuzz;

namespace DotMlx.Fuzz;

/// <summary>
/// Reads the header of one file from standard input, or of many files under afl-fuzz: <c>DotMlx.Fuzz PARSER</c>. <c>DotMlx.Fuzz PARSER
/// FOLDER</c> writes valid files as the first inputs.
/// </summary>
internal static class Program
{
    // The limit that the guide states: a header takes 32 times its length, plus some buffers.
    private const long Buffers = 1 << 20;

    private static int Main(string[] args)
    {
        if (args is not [{ } name, ..] || !Parser.All.TryGetValue(name, out Parser? parser))
        {
            Console.Error.WriteLine($"usage: DotMlx.Fuzz {string.Join('|', Parser.All.Keys)} [FOLDER]");
            return 2;
        }

        if (args is [_, { } folder])
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(Path.Combine(folder, name), parser.Sample());
            return 0;
        }

        Fuzzer.Run(stream =>
        {
            using MemoryStream copy = new();
            stream.CopyTo(copy);
            Check(parser, copy.ToArray());
        });
        return 0;
    }

    private static void Check(Parser parser, byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using ByteSource source = ByteSource.Open(file);
            parser.Read(source);
        }
        catch (InvalidDataException)
        {
            // This exception is the documented way to refuse a file.
        }

        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        if (taken > (file.Length * parser.Multiple) + Buffers)
        {
            throw new InvalidOperationException($"A file of {file.Length} bytes took {taken} bytes.");
        }
    }
}
