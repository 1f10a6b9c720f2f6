using System.Buffers.Binary;
using System.Text;

namespace DotMlx.Staging;

/// <summary>Reads the dynamic section of a 64-bit little-endian ELF library.</summary>
internal sealed class ElfFile
{
    internal const ushort X64 = 62, Arm64 = 183;

    private const int HeaderSize = 64, DynamicEntry = 16, SymbolEntry = 24;
    private const uint Load = 1, Dynamic = 2, DynamicSymbols = 11;
    private const long TagNull = 0, TagNeeded = 1, TagStrings = 5, TagStringsSize = 10, TagRpath = 15, TagRunpath = 29,
        TagVerneed = 0x6ffffffe, TagVerneedCount = 0x6fffffff;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly List<(ulong Address, ulong Offset, ulong Size)> _segments = [];
    private readonly List<(long Tag, ulong Value)> _entries = [];
    private readonly int _strings;
    private readonly int _stringsSize;

    /// <exception cref="StagingException">The file isn't such a library, or is corrupt.</exception>
    internal ElfFile(string path)
    {
        _path = path;
        _bytes = File.ReadAllBytes(path);
        if (!IsElf(_bytes)) throw new StagingException($"'{path}' is not a 64-bit little-endian ELF library.");
        try
        {
            Machine = U16(18);
            ulong headers = U64(32);
            for (int i = 0; i < U16(56); i++)
            {
                int header = checked((int)headers + (i * U16(54)));
                if (U32(header) == Load) _segments.Add((U64(header + 16), U64(header + 8), U64(header + 32)));
                if (U32(header) != Dynamic) continue;
                int start = checked((int)U64(header + 8));
                int end = checked(start + (int)U64(header + 32));
                for (int at = start; at < end; at += DynamicEntry)
                {
                    _entries.Add(((long)U64(at), U64(at + 8)));
                    if (_entries[^1].Tag == TagNull) break;
                }
            }
            if (Value(TagStrings) is not { } strings || Value(TagStringsSize) is not { } size)
                throw new StagingException($"'{path}' has no dynamic section: it is not a shared library.");
            _strings = OffsetOf(strings);
            _stringsSize = checked((int)size);
            _ = _bytes.AsSpan(_strings, _stringsSize);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new StagingException($"'{path}' is a broken ELF file: {e.Message}");
        }
    }

    internal ushort Machine { get; }

    internal IReadOnlyList<string> Needed => [.. Texts(TagNeeded)];

    /// <summary>RUNPATH and RPATH.</summary>
    internal IReadOnlyList<string> Runpath =>
        [.. Texts(TagRunpath).Concat(Texts(TagRpath)).SelectMany(text => text.Split(':', StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The versions that it requires of other libraries: GLIBC_2.36, GLIBCXX_3.4.30, …</summary>
    internal IReadOnlyList<string> NeededVersions
    {
        get
        {
            var versions = new List<string>();
            if (Value(TagVerneed) is not { } address || Value(TagVerneedCount) is not { } count) return versions;
            int need = OffsetOf(address);
            for (ulong i = 0; i < count; i++)
            {
                int item = checked(need + (int)U32(need + 8));
                for (int k = 0; k < U16(need + 2); k++)
                {
                    versions.Add(TextAt(U32(item + 8)));
                    item = checked(item + (int)U32(item + 12));
                }
                need = checked(need + (int)U32(need + 12));
            }
            return versions;
        }
    }

    /// <summary>
    /// The symbols that the library defines and exports; null if the file has no section headers, which contain their number.
    /// </summary>
    internal IReadOnlySet<string>? Exports
    {
        get
        {
            ulong sections = U64(40);
            for (int i = 0; i < U16(60); i++)
            {
                int section = checked((int)sections + (i * U16(58)));
                if (U32(section + 4) != DynamicSymbols) continue;
                var names = new HashSet<string>(StringComparer.Ordinal);
                int start = checked((int)U64(section + 24)), end = checked(start + (int)U64(section + 32));
                for (int symbol = start; symbol < end; symbol += SymbolEntry)
                    if (U16(symbol + 6) != 0) names.Add(TextAt(U32(symbol)));
                return names;
            }
            return null;
        }
    }

    internal static bool IsElf(ReadOnlySpan<byte> head) => head.Length >= HeaderSize && head[..6].SequenceEqual("\u007fELF\u0002\u0001"u8);

    private IEnumerable<string> Texts(long tag) => _entries.Where(e => e.Tag == tag).Select(e => TextAt(e.Value));

    private ulong? Value(long tag) => _entries.Where(e => e.Tag == tag).Select(e => (ulong?)e.Value).FirstOrDefault();

    private string TextAt(ulong offset)
    {
        ReadOnlySpan<byte> rest = _bytes.AsSpan(_strings, _stringsSize)[checked((int)offset)..];
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private int OffsetOf(ulong address)
    {
        foreach ((ulong start, ulong offset, ulong size) in _segments)
            if (address >= start && address - start < size) return checked((int)(address - start + offset));
        throw new StagingException($"'{_path}' is a broken ELF file: nothing is loaded at address 0x{address:x}.");
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(at));
}
