namespace DotMlx.Optimizers;

/// <summary>An update that was computed but has not happened yet.</summary>
internal abstract class PendingUpdate
{
    /// <summary>The new parameters in the structure of the gradients.</summary>
    public abstract TreeDictionary Parameters { get; }

    /// <summary>Makes it happen; does not fail.</summary>
    public abstract void Commit();

    /// <summary>Forgets it.</summary>
    public abstract void Discard();
}
