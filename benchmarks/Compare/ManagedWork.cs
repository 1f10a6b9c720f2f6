using System.Diagnostics;

namespace DotMlx.Compare;

/// <summary>The same work, as a program with DotMlx would write it.</summary>
internal static class ManagedWork
{
    /// <summary>
    /// The number of operations per call for many short operations. The compiler optimizes a method that is called often better than a loop
    /// that it must replace while it runs.
    /// </summary>
    internal const int Block = 1000;

    internal static double ScalarAdd(int count)
    {
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i += Block)
        {
            Dispose(a, b);
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    /// <summary>Nothing is disposed. The time until all arrays are collected and freed counts.</summary>
    internal static double ScalarAddFinalized(int count)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i += Block)
        {
            Forget(a, b);
        }

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

    /// <summary>Returns the managed bytes that one operation allocates.</summary>
    internal static double BytesPerOperation(int count)
    {
        using MlxArray a = MlxArray.Scalar(1f), b = MlxArray.Scalar(2f);
        Dispose(a, b);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i += Block)
        {
            Dispose(a, b);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;
    }

    private static void Dispose(MlxArray a, MlxArray b)
    {
        for (int i = 0; i < Block; i++)
        {
            using MlxArray r = a + b;
        }
    }

    private static void Forget(MlxArray a, MlxArray b)
    {
        for (int i = 0; i < Block; i++)
        {
            _ = a + b;
        }
    }
}
