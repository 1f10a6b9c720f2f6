using System.Runtime.CompilerServices;

namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Replaces an array of this module, as the setters of the layers' properties do: <c>set => SetArray(ref field, value);</c>. The new
    /// array must have the shape of the current array, as in <see cref="Update"/>. In a function under a transform, only that function sees
    /// the new array until the transform ends; other threads still see the old array.
    /// </summary>
    /// <param name="field">The field that holds the array.</param>
    /// <param name="value">The new array, of the same shape.</param>
    /// <param name="member">The name of the property, for messages.</param>
    /// <exception cref="ArgumentNullException">The new array is null and the current array isn't.</exception>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    protected void SetArray(ref MlxArray field, MlxArray value, [CallerMemberName] string member = "")
    {
        if (value is null && field is not null)
        {
            throw new ArgumentNullException(nameof(value), $"{GetType().Name}.{member} cannot be null: the layer always has this array.");
        }
        SetOptionalArray(ref field!, value, member);
    }

    /// <summary>Like <see cref="SetArray"/>, but for a property that may be null.</summary>
    /// <param name="field">The field that holds the array or null.</param>
    /// <param name="value">The new array, or null for none.</param>
    /// <param name="member">The name of the property, for messages.</param>
    /// <exception cref="ArgumentException">Neither array is null, and their shapes differ.</exception>
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
