namespace DotMlx;

/// <summary>Stands in the place of what watches an array, where its handle is somebody else's, who keeps it alive.</summary>
internal sealed class BorrowedHandle(ThreadState owner) : ArrayWatch(owner);
