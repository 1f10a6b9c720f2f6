using System.Runtime.CompilerServices;

namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Replaces an array of this module, as the setters of the layers' properties do: <c>set => SetArray(ref field, value);</c>. The new
    /// array must have the shape of the present one, as in <see cref="Update"/>. Inside a function under a transform only that function
    /// sees it until the transform is over; other threads go on seeing what was there.
    /// </summary>
    /// <param name="field">Where the array is kept.</param>
    /// <param name="value">The new array.</param>
    /// <param name="member">The property, for messages.</param>
    /// <exception cref="ArgumentNullException">The new array is null and the present one is not.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    protected void SetArray(ref MlxArray field, MlxArray value, [CallerMemberName] string member = "")
    {
        if (value is null && field is not null)
        {
            throw new ArgumentNullException(nameof(value), $"{GetType().Name}.{member} cannot be null: the layer always has this array.");
        }
        SetOptionalArray(ref field!, value, member);
    }

    /// <summary>As <see cref="SetArray"/>, for a property that may be null.</summary>
    /// <param name="field">Where the array is kept, if there is one.</param>
    /// <param name="value">The new array, or null for none.</param>
    /// <param name="member">The property, for messages.</param>
    /// <exception cref="ArgumentException">Both arrays are there and their shapes differ.</exception>
    protected void SetOptionalArray(ref MlxArray? field, MlxArray? value, [CallerMemberName] string member = "")
    {
        if (field is not { } current || value is null || ModuleSlot.IsSetting)
        {
            field = value;
            return;
        }
        if (!current.IsDisposed && !value.Shape.SequenceEqual(current.Shape))
        {
            throw new ArgumentException(
                $"{GetType().Name}.{member} has the shape {ModuleUpdate.Shape(current)}, but the new array "
                + $"has the shape {ModuleUpdate.Shape(value)}; "
                + $"make a new layer, or use {nameof(Update)} with strict: false, to change shapes.", nameof(value));
        }
        MlxScope.Detach(value);
        ModuleWrites.Begin();
        try
        {
            if (Trace.Current is { } trace)
            {
                trace.Write(this, ref field, value);
            }
            else
            {
                ModuleWrites.Put(this, ref field, value);
            }
        }
        finally
        {
            ModuleWrites.End();
        }
    }
}
