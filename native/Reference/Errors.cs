using System.Runtime.InteropServices;
using System.Text;

namespace DotMlx.Reference;

/// <summary>An error whose message is passed to the caller's error handler unchanged.</summary>
internal class MlxFailure(string message) : Exception(message);

/// <summary>An error for an mlx-c function that this library doesn't implement.</summary>
internal sealed class NotProvidedException(string name) : MlxFailure($"{name} is not provided by the reference library");

/// <summary>Converts exceptions to calls of mlx-c's error handler. Errors leave the library only here.</summary>
internal static unsafe class Errors
{
    private sealed record Handler(nint Function, nint Data, nint Destructor);

    private static Handler? _current;

    internal static void SetHandler(delegate* unmanaged[Cdecl]<byte*, void*, void> function, void* data,
        delegate* unmanaged[Cdecl]<void*, void> dtor)
    {
        var next = function == null ? null : new Handler((nint)function, (nint)data, (nint)dtor);
        var previous = Interlocked.Exchange(ref _current, next);
        if (previous is { Destructor: not 0 }) ((delegate* unmanaged[Cdecl]<void*, void>)previous.Destructor)((void*)previous.Data);
        if (function == null && dtor != null) dtor(data);
    }

    /// <summary>Passes the message to the error handler, and returns the status of a failed call.</summary>
    internal static int Report(Exception error)
    {
        Scope.Flush();
        Report(Describe(error));
        return 1;
    }

    internal static void Report(string message)
    {
        var handler = Volatile.Read(ref _current);
        if (handler is null)
        {
            Console.Error.WriteLine("MLX error: " + message);
            return;
        }
        var text = Marshal.StringToCoTaskMemUTF8(message);
        ((delegate* unmanaged[Cdecl]<byte*, void*, void>)handler.Function)((byte*)text, (void*)handler.Data);
        Marshal.FreeCoTaskMem(text);
    }

    private static string Describe(Exception error) => error switch
    {
        MlxFailure => error.Message,
        OutOfMemoryException => "[malloc] Unable to allocate the memory that this call needs.",
        IndexOutOfRangeException or ArgumentException or OverflowException =>
            $"[reference] The arguments do not fit together ({error.GetType().Name}).",
        _ => $"[reference] {error.GetType().Name}: {error.Message}",
    };

    internal static string Text(ReadOnlySpan<int> shape)
    {
        var text = new StringBuilder("(");
        for (var i = 0; i < shape.Length; i++) text.Append(i == 0 ? "" : ",").Append(shape[i]);
        return text.Append(')').ToString();
    }
}
