using System.Diagnostics;

namespace DotMlx.Compare;

/// <summary>The same work as a user of DotMlx would write it.</summary>
internal static class ManagedWork
{
    internal static double ScalarAdd(int count)
    {
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            using MlxArray r = a + b;
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    /// <summary>Nobody disposes anything; the time until the last finalizer has run counts.</summary>
    internal static double ScalarAddFinalized(int count)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        long start = Stopwatch.GetTimestamp();
        Forget(a, b, count);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    internal static double Chain(int length, int size, int repeats)
    {
        float[] ones = new float[size];
        ones.AsSpan().Fill(1f);
        using MlxArray x = MlxArray.Create(ones, size), b = MlxArray.Create(ones, size);
        long start = Stopwatch.GetTimestamp();
        for (int k = 0; k < repeats; k++)
        {
            MlxArray y = x + b;
            for (int i = 1; i < length; i++)
            {
                MlxArray next = (i & 1) != 0 ? y * b : y + b;
                y.Dispose();
                y = next;
            }

            Mx.Eval(y);
            y.Dispose();
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    internal static double Read(float[] destination, int repeats)
    {
        using MlxArray a = Mx.Full([destination.Length], 1f);
        Mx.Eval(a);
        long start = Stopwatch.GetTimestamp();
        for (int k = 0; k < repeats; k++)
        {
            a.CopyTo<float>(destination);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    /// <summary>Managed bytes that one operation allocates.</summary>
    internal static double BytesPerOperation(int count)
    {
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        Forget(a, b, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            using MlxArray r = a + b;
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;
    }

    private static void Forget(MlxArray a, MlxArray b, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = a + b;
        }
    }
}
