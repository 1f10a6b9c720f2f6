using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;

namespace DotMlx.Conformance;

/// <summary>An exception of a Python function; Python keeps the exception itself under the number.</summary>
internal sealed class PythonException(int number, string text) : Exception(text)
{
    public int Number => number;
}

/// <summary>Calls Python's functions.</summary>
internal static unsafe class Python
{
    private static delegate* unmanaged[Cdecl]<int, byte*, int, byte**, int*, int> _call;

    public static void Attach(void* callback) => _call = (delegate* unmanaged[Cdecl]<int, byte*, int, byte**, int*, int>)callback;

    public static object? Call(PythonFunction function, object?[] arguments)
    {
        var writer = new MessageWriter();
        writer.Write(arguments);
        byte* data;
        int length;
        int status;
        fixed (byte* start = writer.Buffer)
        {
            status = _call(function.Number, start, writer.Length, &data, &length);
        }

        object? value = new MessageReader(data, length).Read();
        if (status == 0)
        {
            return value;
        }

        object?[] error = (object?[])value!;
        throw new PythonException((int)(long)error[0]!, (string)error[1]!);
    }
}

/// <summary>The state of a compiled function, which Python keeps.</summary>
internal sealed class PythonState(PythonFunction capture, PythonFunction restore) : IMlxState
{
    public Tree CaptureState() => Trees.From(Python.Call(capture, []))!;

    public void RestoreState(Tree state) => Python.Call(restore, [state]);
}
