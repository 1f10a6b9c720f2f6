using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DotMlx.Bindings;

/// <summary>
/// Converts the status codes of mlx-c to exceptions. The message comes from the error handler, which runs on the failing thread.
/// </summary>
public static unsafe partial class MlxError
{
    // mlx-c has one error handler per process. All copies of this assembly read this slot, regardless of which copy set the handler.
    private static readonly ThreadLocal<string?> Message = ProcessWide.Get("ErrorMessage", static () => new ThreadLocal<string?>());

    /// <summary>Does nothing if <paramref name="status"/> is zero.</summary>
    /// <param name="status">The return value of the C function.</param>
    /// <param name="function">The name of the C function, for <see cref="MlxException.Operation"/>.</param>
    /// <exception cref="MlxException"><paramref name="status"/> isn't zero.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfFailed(int status, string function)
    {
        if (status != 0) Throw(status, function);
    }

    /// <summary>
    /// The exception for a function that reports failure by a null handle or pointer: <c>throw MlxError.Fail("mlx_array_new_data")</c>.
    /// </summary>
    /// <param name="function">The name of the C function.</param>
    public static MlxException Fail(string function) =>
        new(TakeMessage() ?? $"{function} failed without a message.", function);

    /// <summary>Returns and clears the message of the last error on this thread; null if there was none.</summary>
    public static string? TakeMessage()
    {
        string? message = Message.Value;
        Message.Value = null;
        return message;
    }

    [DoesNotReturn]
    private static void Throw(int status, string function)
    {
        string? message = TakeMessage();
        // mlx-c calls the error handler only with status 1. With any other status, a message is left over from an earlier call.
        throw new MlxException((status, message) switch
        {
            (1, not null) => message,
            (2, _) => $"{function} found nothing (status 2): there is no such key, or no further element.",
            (3, _) => $"{function} found a value of another type (status 3).",
            _ => $"{function} returned status {status} without a message.",
        }, function);
    }

    /// <summary>The function that mlx-c calls instead of printing the error and ending the process. It must not throw.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void Handle(byte* message, void* data) =>
        Message.Value = MlxMessages.Explain(Clean(Marshal.PtrToStringUTF8((nint)message)));

    /// <summary>Removes the C++ file and line at the end of every message of mlx-c, which don't help a .NET developer.</summary>
    internal static string? Clean(string? message)
    {
        if (message is null) return null;
        int at = message.LastIndexOf(" at ", StringComparison.Ordinal);
        int colon = message.LastIndexOf(':');
        if (at < 0 || colon < at + 4 || colon == message.Length - 1 || !message.AsSpan(0, colon).EndsWith(".cpp")) return message;
        for (int i = colon + 1; i < message.Length; i++)
            if (!char.IsAsciiDigit(message[i])) return message;
        return message[..at];
    }
}
