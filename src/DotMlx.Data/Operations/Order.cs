namespace DotMlx.Data.Operations;

/// <summary>An order of positions that depends only on its parameters and the epoch.</summary>
internal abstract record Order
{
    /// <summary>Returns the number of positions that remain of <paramref name="length"/>.</summary>
    public abstract int Length(int length);

    /// <summary>Returns the positions for an epoch, in order. The method may change the input array.</summary>
    public abstract int[] Positions(int epoch, int[] positions);

    /// <summary>Creates a generator that depends only on the seed, the epoch, and the position.</summary>
    public static Random Generator(int seed, int epoch, long position)
    {
        // Neighboring seeds, epochs, and positions give unrelated generators.
        ulong state = new SplitMix64(((ulong)(uint)seed << 32) ^ (uint)epoch).Next() ^ (ulong)position;
        return new Random((int)(new SplitMix64(state).Next() >> 33));
    }

    internal sealed record Shuffled(int Seed) : Order
    {
        public override int Length(int length) => length;

        public override int[] Positions(int epoch, int[] positions)
        {
            Generator(Seed, epoch, -1).Shuffle(positions);
            return positions;
        }
    }

    internal sealed record Shard(int Rank, int Size) : Order
    {
        public override int Length(int length) => length / Size;

        public override int[] Positions(int epoch, int[] positions)
        {
            int[] part = new int[Length(positions.Length)];
            for (int i = 0; i < part.Length; i++)
            {
                part[i] = positions[(i * Size) + Rank];
            }

            return part;
        }
    }
}
