using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;

namespace DotMlx.Tool.Launch;

/// <summary>
/// A program that leads its own process group, so that the launcher can stop it together with the processes that it starts. .NET's Process
/// can't do that on Unix.
/// </summary>
internal sealed unsafe partial class ChildProcess : IDisposable
{
    // Larger than these structures in any C library.
    private const int StructureSize = 1024;
    private const short SetGroup = 0x02;
    private const short SetDefaultSignals = 0x04;
    private const short SetSignalMask = 0x08;
    private const int Interrupted = 4;
    private const int OneProcess = 1;
    private const int HasExited = 4;
    private const int AndStays = 0x01000000;

    private readonly AnonymousPipeServerStream _output;
    private readonly AnonymousPipeServerStream _errors;
    private readonly AnonymousPipeServerStream? _input;
    private readonly Lazy<int> _exitCode;

    private ChildProcess(int id, AnonymousPipeServerStream output, AnonymousPipeServerStream errors, AnonymousPipeServerStream? input)
    {
        Id = id;
        _output = output;
        _errors = errors;
        _input = input;
        _exitCode = new Lazy<int>(TakeExitCode);
    }

    /// <summary>The ID of the process and of its group.</summary>
    public int Id { get; }

    public Stream Output => _output;

    public Stream Errors => _errors;

    /// <summary>Starts a program.</summary>
    /// <param name="command">The program, which is searched on PATH, and its arguments.</param>
    /// <param name="environment">All of its environment variables.</param>
    /// <param name="hasInput">
    /// Whether its input is a pipe that stays open until <see cref="CloseInput"/>; otherwise, its input is empty.
    /// </param>
    /// <exception cref="Win32Exception">The program can't be started.</exception>
    public static ChildProcess Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, bool hasInput = false)
    {
        var output = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var errors = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        AnonymousPipeServerStream? input = hasInput ? new(PipeDirection.Out, HandleInheritability.None) : null;
        try
        {
            int id = Spawn(command, environment, input?.ClientSafePipeHandle, output.ClientSafePipeHandle, errors.ClientSafePipeHandle);
            foreach (AnonymousPipeServerStream? pipe in new[] { output, errors, input })
            {
                pipe?.DisposeLocalCopyOfClientHandle();
            }

            return new ChildProcess(id, output, errors, input);
        }
        catch
        {
            output.Dispose();
            errors.Dispose();
            input?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Waits until the process ends. Linux keeps the process ID until <see cref="Forget"/>, so that signals reach no other process.
    /// </summary>
    /// <returns>The exit code, or 128 and the signal that ended it.</returns>
    public int Wait()
    {
        if (!OperatingSystem.IsLinux())
        {
            return _exitCode.Value;
        }

        // In siginfo_t, the code tells how the process ended, and the status is the exit code or the signal.
        const int ByItself = 1;
        byte* info = stackalloc byte[256];
        while (WaitAndLeave(OneProcess, Id, info, HasExited | AndStays) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                // Other code in this process has already collected the exit status.
                return ToolCommand.Failure;
            }
        }

        int code = *(int*)(info + 8);
        int status = *(int*)(info + 24);
        return code == ByItself ? status & 0xff : Signals.ExitCode(status);
    }

    /// <summary>Reaps a process that has ended.</summary>
    public void Forget() => _ = _exitCode.Value;

    /// <summary>Sends a signal to the whole group, even if the group leader has ended.</summary>
    public void Signal(int signal) => _ = Kill(-Id, signal);

    /// <summary>Whether a process of the group exists; the group leader counts until it is reaped.</summary>
    public bool GroupIsAlive => Kill(-Id, 0) == 0;

    /// <summary>The standard input of a process with input.</summary>
    public Stream? Input => _input;

    public void CloseInput() => _input?.Dispose();

    public void Dispose()
    {
        _input?.Dispose();
        _output.Dispose();
        _errors.Dispose();
    }

    private int TakeExitCode()
    {
        int status = 0;
        while (WaitForChild(Id, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                return ToolCommand.Failure;
            }
        }

        int signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : Signals.ExitCode(signal);
    }

    private static int Spawn(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, SafeHandle? input,
        SafeHandle output, SafeHandle errors)
    {
        byte* actions = stackalloc byte[StructureSize];
        byte* attributes = stackalloc byte[StructureSize];
        Check(InitActions(actions), command);
        Check(InitAttributes(attributes), command);
        using var arguments = new TextVector(command);
        using var variables = new TextVector(environment.Select(item => $"{item.Key}={item.Value}"));
        try
        {
            if (input is null)
            {
                fixed (byte* nothing = "/dev/null\0"u8)
                {
                    Check(AddOpen(actions, 0, nothing, 0, 0), command);
                }
            }
            else
            {
                Check(AddDuplicate(actions, (int)input.DangerousGetHandle(), 0), command);
            }

            Check(AddDuplicate(actions, (int)output.DangerousGetHandle(), 1), command);
            Check(AddDuplicate(actions, (int)errors.DangerousGetHandle(), 2), command);

            // Child processes must not inherit the signals that .NET ignores or blocks in this process.
            byte* signals = stackalloc byte[128];
            new Span<byte>(signals, 128).Clear();
            Check(SetMask(attributes, signals), command);
            foreach (int signal in Signals.Ordinary)
            {
                signals[(signal - 1) / 8] |= (byte)(1 << ((signal - 1) % 8));
            }

            Check(SetDefaults(attributes, signals), command);
            Check(SetProcessGroup(attributes, 0), command);
            Check(SetFlags(attributes, SetGroup | SetDefaultSignals | SetSignalMask), command);

            int id = 0;
            Check(SpawnOnPath(&id, arguments.Pointer[0], actions, attributes, arguments.Pointer, variables.Pointer), command);
            return id;
        }
        finally
        {
            _ = DestroyActions(actions);
            _ = DestroyAttributes(attributes);
            GC.KeepAlive(input);
            GC.KeepAlive(output);
            GC.KeepAlive(errors);
        }
    }

    private static void Check(int error, IReadOnlyList<string> command)
    {
        if (error != 0)
        {
            throw new Win32Exception(error, $"'{command[0]}' cannot be started: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    private static partial int SpawnOnPath(int* id, byte* file, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen")]
    private static partial int AddOpen(byte* actions, int descriptor, byte* path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int SetProcessGroup(byte* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitForChild(int id, int* status, int options);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitAndLeave(int kind, int id, byte* info, int options);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);

    /// <summary>Strings as C's arguments and environment: pointers to null-terminated bytes, followed by a null pointer.</summary>
    private sealed class TextVector : IDisposable
    {
        private readonly int _count;

        public TextVector(IEnumerable<string> texts)
        {
            byte[][] bytes = [.. texts.Select(text => Encoding.UTF8.GetBytes(text + '\0'))];
            _count = bytes.Length;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
            {
                Pointer[i] = (byte*)NativeMemory.Alloc((nuint)bytes[i].Length);
                bytes[i].CopyTo(new Span<byte>(Pointer[i], bytes[i].Length));
            }
        }

        public byte** Pointer { get; private set; }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
            {
                NativeMemory.Free(Pointer[i]);
            }

            NativeMemory.Free(Pointer);
        }
    }
}
