namespace DotMlx.Samples.Digits;

/// <summary>The processes that train one model together. Each gets a part of every batch, and all take the same step.</summary>
internal sealed class Team
{
    private Team(DistributedGroup group) => Group = group;

    public DistributedGroup Group { get; }

    public int Rank => Group.Rank;

    public int Size => Group.Size;

    /// <summary>Whether this process writes output and files.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Connects to the other processes that <c>dotnet mlx launch</c> started; without it, the team has one member.</summary>
    public static Team Connect() => new(Mx.Distributed.Init());

    /// <summary>
    /// Returns this process's rows of a batch, and the weights of their losses, whose sum over all processes is the mean.
    /// </summary>
    /// <remarks>
    /// If a batch can't be divided evenly, the last parts are padded with rows of weight zero, so that all parts have one shape.
    /// </remarks>
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

    /// <summary>Whether any process passes true.</summary>
    public bool Any(bool here)
    {
        using MlxScope scope = MlxScope.Begin();
        return Mx.Distributed.AllSum(MlxArray.Create<int>([here ? 1 : 0], 1), Group).Item<int>() > 0;
    }

    /// <summary>Copies the value of the first process to all, so that only its machine needs the file.</summary>
    /// <param name="read">The function, called only in the first process.</param>
    /// <exception cref="UserErrorException">The first process couldn't read it.</exception>
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
            // This also runs after an exception, because the others wait for the length. Zero reports the failure.
            content = Share(content);
        }

        return content.Length > 0 ? content : throw new UserErrorException("rank 0 could not read the checkpoint; its message explains the reason.");
    }

    private byte[] Share(byte[] content)
    {
        using MlxScope scope = MlxScope.Begin();
        int length = Mx.Distributed.AllSum(MlxArray.Create<int>([content.Length], 1), Group).Item<int>();
        if (length == 0)
        {
            return content;
        }

        // A sum is a copy if all other processes contribute zeros.
        return Mx.Distributed.AllSum(MlxArray.Create<byte>(IsFirst ? content : new byte[length], length), Group).ToArray<byte>();
    }
}
