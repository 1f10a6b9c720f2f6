namespace DotMlx.Data;

internal static class ArrayShapes
{
    /// <summary>Returns the size of an axis. A negative axis counts from the end.</summary>
    public static int Dim(this MlxArray array, int axis) => array.Shape[axis < 0 ? axis + array.NDim : axis];
}
