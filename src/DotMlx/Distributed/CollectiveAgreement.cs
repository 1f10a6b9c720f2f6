using System.Text;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Compares the calls of the ranks of a group. MLX sends bare bytes, so ranks that disagree about a shape would misread each other's
/// numbers or wait forever.
/// </summary>
internal sealed unsafe class CollectiveAgreement(int rank, int size)
{
    // An arbitrary number, unlikely in arrays, that distinguishes a check from data.
    private const int Mark = 0x5D07_317A;
    private const int TextBytes = 16 << 10;
    private const ulong HashStart = 14695981039346656037;
    private const ulong HashFactor = 1099511628211;

    private readonly HashSet<ulong> _agreed = [];
    private readonly Lock _gate = new();

    /// <summary>When the ranks compare.</summary>
    internal static CollectiveChecks Checks { get; set; } = CollectiveChecks.FirstUse;

    /// <summary>Checks a call with an array.</summary>
    /// <exception cref="MlxException">Another rank makes a different call.</exception>
    internal void Check(mlx_distributed_group group, mlx_stream stream, string operation, MlxArray x)
    {
        if (MayCheck)
        {
            ulong hash = Mix(Hash(operation), x);
            if (IsNew(hash))
            {
                Compare(group, stream, hash, $"{operation} of {Describe(x)}");
            }
        }
    }

    /// <summary>Checks a call with several named arrays.</summary>
    /// <exception cref="MlxException">Another rank makes a different call.</exception>
    internal void Check(mlx_distributed_group group, mlx_stream stream, string operation,
        IReadOnlyList<KeyValuePair<string, MlxArray>> arrays)
    {
        if (MayCheck)
        {
            ulong hash = Hash(operation);
            foreach ((string path, MlxArray array) in arrays)
            {
                hash = Mix(Mix(hash, path), array);
            }

            if (IsNew(hash))
            {
                Compare(group, stream, hash, string.Join('\n', [
                    $"{operation} of {arrays.Count} arrays",
                    .. arrays.Select(item => $"{operation} of '{item.Key}', {Describe(item.Value)}")]));
            }
        }
    }

    // A comparison evaluates arrays, which must not happen unnoticed in a function under a transform.
    private static bool MayCheck => Checks != CollectiveChecks.Off && !TraceLock.IsHeldByCurrentThread;

    private static string Describe(MlxArray x) => $"{x.DType.ToString().ToLowerInvariant()} ({string.Join(", ", x.Shape.ToArray())})";

    // Equal on all ranks, unlike .NET's hash codes.
    private static ulong Hash(string text) => Mix(HashStart, text);

    private static ulong Mix(ulong hash, string text)
    {
        foreach (char c in text)
        {
            hash = Mix(hash, c);
        }

        return hash;
    }

    private static ulong Mix(ulong hash, MlxArray x)
    {
        hash = Mix(hash, (ulong)x.DType);
        foreach (int length in x.Shape)
        {
            hash = Mix(hash, (ulong)length);
        }

        return hash;
    }

    private static ulong Mix(ulong hash, ulong value) => (hash ^ value) * HashFactor;

    private bool IsNew(ulong hash)
    {
        lock (_gate)
        {
            return _agreed.Add(hash) || Checks == CollectiveChecks.Always;
        }
    }

    private void Compare(mlx_distributed_group group, mlx_stream stream, ulong hash, string description)
    {
        using MlxScope scope = MlxScope.Begin();
        int[] all = Gather(group, stream, MlxArray.Create<int>([Mark, (int)hash, (int)(hash >> 32)], 3)).ToArray<int>();
        bool same = true;
        for (int other = 0; other < size; other++)
        {
            ReadOnlySpan<int> words = all.AsSpan(3 * other, 3);
            if (words[0] != Mark)
            {
                throw PeerWatch.MarkLost($"Rank {rank} calls {description}, and rank {other} is doing something else: every rank must call "
                    + $"the same operations in the same order.");
            }

            same &= words[1] == (int)hash && words[2] == (int)(hash >> 32);
        }

        if (!same)
        {
            lock (_gate)
            {
                _agreed.Remove(hash);
            }

            throw Disagreement(group, stream, description);
        }
    }

    // All ranks have noticed the difference, so all of them reach this point.
    private MlxException Disagreement(mlx_distributed_group group, mlx_stream stream, string description)
    {
        byte[] text = new byte[TextBytes];
        Encoding.UTF8.GetEncoder().Convert(description, text, flush: true, out _, out _, out _);
        byte[] all = Gather(group, stream, MlxArray.Create<byte>(text, TextBytes)).ToArray<byte>();
        string[][] lines = [.. Enumerable.Range(0, size)
            .Select(other => Encoding.UTF8.GetString(all, other * TextBytes, TextBytes).TrimEnd('\0').Split('\n'))];

        // For long descriptions, only the first line that differs between ranks.
        int line = 0;
        while (lines.All(text => line + 1 < text.Length) && lines.All(text => text[line] == lines[0][line]))
        {
            line++;
        }

        string calls = string.Join("; ", lines
            .Select((text, other) => (Rank: other, Text: text[Math.Min(line, text.Length - 1)]))
            .GroupBy(call => call.Text)
            .Select(same => $"rank {string.Join(", ", same.Select(call => call.Rank == rank ? $"{call.Rank} (this one)" : $"{call.Rank}"))} calls {same.Key}"));
        return new MlxException(
            $"The ranks do not agree: {calls}. Every rank must call the same operations in the same order, "
            + $"with arrays of the same shape and dtype.",
            "mlx_distributed_all_gather");
    }

    private static MlxArray Gather(mlx_distributed_group group, mlx_stream stream, MlxArray x)
    {
        mlx_array result = default;
        PeerWatch.Called("a comparison of the ranks' calls");
        int status = Mlxc.mlx_distributed_all_gather(&result, x.Handle, group, stream);
        GC.KeepAlive(x);
        return NativeCall.Result(status, result, "mlx_distributed_all_gather");
    }
}
