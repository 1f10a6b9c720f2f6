namespace DotMlx;

/// <summary>Reads storage with any strides, including negative and zero strides, in row-major order.</summary>
internal static unsafe class StridedCopy
{
    internal static void ToRowMajor<T>(T* source, ReadOnlySpan<int> shape, ReadOnlySpan<long> strides, Span<T> destination)
        where T : unmanaged
    {
        // Dense trailing dimensions form one run.
        long run = 1;
        int outer = shape.Length;
        while (outer > 0 && (shape[outer - 1] == 1 || strides[outer - 1] == run))
        {
            run *= shape[--outer];
        }

        if (outer == 0)
        {
            new ReadOnlySpan<T>(source, checked((int)run)).CopyTo(destination);
            return;
        }

        Span<int> position = stackalloc int[outer];
        position.Clear();
        int written = 0;
        int step = (int)run;
        int last = outer - 1;
        long lastStride = strides[last];
        T* row = source;
        while (true)
        {
            T* element = row;
            for (int i = 0; i < shape[last]; i++, element += lastStride)
            {
                if (step == 1)
                {
                    destination[written++] = *element;
                }
                else
                {
                    new ReadOnlySpan<T>(element, step).CopyTo(destination[written..]);
                    written += step;
                }
            }

            int axis = last - 1;
            for (; axis >= 0; axis--)
            {
                row += strides[axis];
                if (++position[axis] < shape[axis])
                {
                    break;
                }

                row -= strides[axis] * shape[axis];
                position[axis] = 0;
            }

            if (axis < 0)
            {
                return;
            }
        }
    }
}
