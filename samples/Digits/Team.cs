namespace DotMlx.Samples.Digits;

/// <summary>The processes that train one model together: each has a part of every batch, and all take the same step.</summary>
internal sealed class Team
{
    private Team(DistributedGroup group) => Group = group;

    public DistributedGroup Group { get; }

    public int Rank => Group.Rank;

    public int Size => Group.Size;

    /// <summary>Whether this process talks to the user and writes files.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Connects to the other processes that <c>dotnet mlx launch</c> started; alone without it.</summary>
    public static Team Connect() => new(Mx.Distributed.Init());

    /// <summary>This process's rows of a batch and the weights of their losses, which over all processes add up to the mean.</summary>
    /// <remarks>Where a batch does not divide, the last parts are filled up with rows of weight zero, so that all have one shape.</remarks>
    public (int[] Rows, float[] Weights) PartOf(ReadOnlySpan<int> batch)
    {
        int length = (batch.Length + Size - 1) / Size;
        int[] rows = new int[length];
        float[] weights = new float[length];
        for (int i = 0; i < length; i++)
        {
            int position = (Rank * length) + i;
            bool counts = position < batch.Length;
            rows[i] = batch[counts ? position : 0];

            // The average over the processes divides by their number.
            weights[i] = counts ? (float)Size / batch.Length : 0;
        }

        return (rows, weights);
    }

    /// <summary>Whether any process says so.</summary>
    public bool Any(bool here)
    {
        using MlxScope scope = MlxScope.Begin();
        return Mx.Distributed.AllSum(MlxArray.Create<int>([here ? 1 : 0], 1), Group).Item<int>() > 0;
    }

    /// <summary>What the first process has, in all of them; so only its machine needs the file.</summary>
    /// <param name="read">Called in the first process.</param>
    /// <exception cref="UserErrorException">The first process could not read it.</exception>
    public byte[] FromFirst(Func<byte[]> read)
    {
        if (Size == 1)
        {
            return read();
        }

        byte[] content = [];
        try
        {
            content = IsFirst ? read() : content;
        }
        finally
        {
            // Also after an exception: the others wait for the length, and zero tells them.
            content = Share(content);
        }

        return content.Length > 0 ? content : throw new UserErrorException("rank 0 could not read the checkpoint; its message says why.");
    }

    private byte[] Share(byte[] content)
    {
        using MlxScope scope = MlxScope.Begin();
        int length = Mx.Distributed.AllSum(MlxArray.Create<int>([content.Length], 1), Group).Item<int>();
        if (length == 0)
        {
            return content;
        }

        // A sum in which all others have zeros is a copy.
        return Mx.Distributed.AllSum(MlxArray.Create<byte>(IsFirst ? content : new byte[length], length), Group).ToArray<byte>();
    }
}
