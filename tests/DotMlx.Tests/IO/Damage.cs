namespace DotMlx.Tests.IO;

/// <summary>Truncates and changes files. Loading them must succeed or throw an exception that explains the error.</summary>
internal static class Damage
{
    internal static void Check(byte[] file, Action<byte[]> load, int times = 1000)
    {
        Random random = new(20261123);
        int raised = 0;
        for (int i = 0; i < times; i++)
        {
            byte[] damaged = i % 2 == 0 ? file[..random.Next(file.Length)] : Flip(file, random);
            try
            {
                load(damaged);
            }
            catch (Exception exception) when (exception is InvalidDataException or NotSupportedException)
            {
                Assert.That(exception.Message, Does.Contain("cannot be loaded"));
                raised++;
            }
        }

        Assert.That(raised, Is.GreaterThanOrEqualTo(times / 3), "most damaged files are refused");
    }

    private static byte[] Flip(byte[] file, Random random)
    {
        byte[] damaged = [.. file];
        for (int flips = random.Next(1, 4); flips > 0; flips--)
        {
            // Formats keep their important data at the beginning.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(64, file.Length) : file.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
        }

        return damaged;
    }
}
