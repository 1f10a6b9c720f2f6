using System.Text;

namespace DotMlx;

/// <summary>Writes arrays in all formats, one after another, directly from MLX's memory.</summary>
internal static class Saving
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses names and arrays that no format can save, and repeated names.</summary>
    /// <exception cref="ArgumentException">A name or an array is refused; the message names it.</exception>
    internal static List<KeyValuePair<string, MlxArray>> Check(IEnumerable<KeyValuePair<string, MlxArray>> arrays, Transfer transfer)
    {
        List<KeyValuePair<string, MlxArray>> items = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((string key, MlxArray array) in arrays)
        {
            CheckText(key, nameof(arrays));
            CheckArray(key, array, nameof(arrays));
            if (!seen.Add(key))
            {
                throw new ArgumentException($"Two arrays are named '{key}'.", nameof(arrays));
            }

            transfer.Expect(array.NBytes);
            items.Add(KeyValuePair.Create(key, array));
        }

        return items;
    }

    /// <summary>Refuses arrays that no format can save.</summary>
    internal static void CheckArray(string key, MlxArray array, string parameter)
    {
        if (array is null)
        {
            throw new ArgumentNullException(parameter, $"The array '{key}' is null.");
        }

        if (array.Size == 0)
        {
            throw new ArgumentException(
                $"The array '{key}' of shape {ShapeText.Of(array)} has no elements, and MLX can't save empty arrays.", parameter);
        }
    }

    /// <summary>
    /// Refuses strings that couldn't be read back, with a null character, which ends strings in MLX, or with an unpaired surrogate.
    /// </summary>
    internal static byte[] CheckText(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The text '{text}' contains a null character, which MLX treats as its end.", parameter);
        }

        try
        {
            return Strict.GetBytes(text);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException($"The text '{text}' isn't valid Unicode: it contains an unpaired surrogate.", parameter, exception);
        }
    }

    /// <summary>
    /// Writes the elements in row-major order. Only an array in another order is copied, and the copy is freed immediately.
    /// </summary>
    internal static unsafe void WriteElements(Stream stream, MlxArray array, Transfer transfer)
    {
        using var held = new HeldArray(array);
        byte* data = held.Data();
        if (held.IsRowMajor)
        {
            Write(stream, data, held.NBytes, transfer);
            return;
        }

        using MlxArray copy = Mx.Contiguous(array);
        using var heldCopy = new HeldArray(copy);
        Write(stream, heldCopy.Data(), heldCopy.NBytes, transfer);
    }

    private static unsafe void Write(Stream stream, byte* data, long length, Transfer transfer)
    {
        while (length > 0)
        {
            int count = (int)Math.Min(length, Transfer.PieceLength);
            stream.Write(new ReadOnlySpan<byte>(data, count));
            data += count;
            length -= count;
            transfer.Advance(count);
        }
    }

    /// <summary>Saves the current arrays, regardless of later changes.</summary>
    internal static async Task SaveHeld(
        IEnumerable<KeyValuePair<string, MlxArray>> arrays, Action<List<KeyValuePair<string, MlxArray>>, Transfer> save,
        IProgress<FileProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        List<KeyValuePair<string, MlxArray>> held = [];
        try
        {
            foreach ((string key, MlxArray array) in arrays)
            {
                held.Add(KeyValuePair.Create(key, Hold(key, array)));
            }

            await Transfer.Run(transfer => save(held, transfer), progress, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach ((_, MlxArray array) in held)
            {
                array.Dispose();
            }
        }
    }

    // Another handle to the same native array.
    private static MlxArray Hold(string key, MlxArray array)
    {
        if (array is null)
        {
            throw new ArgumentNullException(nameof(array), $"The array '{key}' is null.");
        }

        return MlxArray.CreateUnscoped(array.NewHandle());
    }
}
