namespace DotMlx.Optimizers;

/// <summary>An update that has been computed but not committed.</summary>
internal abstract class PendingUpdate
{
    /// <summary>The new parameters in the structure of the gradients.</summary>
    public abstract TreeDictionary Parameters { get; }

    /// <summary>Commits the update; it can't fail.</summary>
    public abstract void Commit();

    /// <summary>Discards the update.</summary>
    public abstract void Discard();
}
