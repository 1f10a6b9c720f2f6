using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Conformance.Operations;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance;

/// <summary>The two functions that Python gets from hostfxr.</summary>
internal static unsafe class Entry
{
    [ThreadStatic]
    private static MessageWriter? _answer;

    /// <summary>Receives the function with which C# calls Python.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void Start(void* callback) => Python.Attach(callback);

    /// <summary>Answers a request, [freed handles, operation, arguments…], with 0 and a value, or 1 and an error.</summary>
    /// <remarks>The answer is valid until the thread's next request.</remarks>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Request(byte* data, int length, byte** result, int* resultLength)
    {
        MessageWriter writer = _answer ??= new MessageWriter();
        int status = 0;
        try
        {
            object?[] message = (object?[])new MessageReader(data, length).Read()!;
            foreach (object? freed in (object?[])message[0]!)
            {
                Handles.Free((int)(long)freed!);
            }

            object? value = OperationTable.Run((string)message[1]!, message[2..]);
            writer.Reset();
            writer.Write(value);
        }
        catch (Exception error)
        {
            status = 1;
            writer.Reset();
            writer.Write(Describe(error));
        }

        fixed (byte* start = writer.Buffer)
        {
            *result = start;
        }

        *resultLength = writer.Length;
        return status;
    }

    /// <summary>The error is [the number of Python's own exception or -1, kind, message, stack].</summary>
    private static object?[] Describe(Exception error)
    {
        while (error is TargetInvocationException && error.InnerException is { } cause)
        {
            error = cause;
        }

        long number = -1;
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is PythonException python)
            {
                number = python.Number;
            }
        }

        return [number, error.GetType().Name, error.Message, error.ToString()];
    }
}
