namespace DotMlx;

/// <summary>Replaces the watch of an array whose handle is borrowed from another object, which keeps it alive.</summary>
internal sealed class BorrowedHandle(ThreadState owner) : ArrayWatch(owner);
