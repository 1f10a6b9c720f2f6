using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DotMlx.Tests;

/// <summary>Marks what mlx-c v0.6.0, with its MLX 0.31.1, cannot do: skipped there, with the reason.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequiresNewerMlxcAttribute(string reason) : NUnitAttribute, IApplyToTest
{
    public string Reason => reason;

    public void ApplyToTest(Test test)
    {
        if (LibraryInUse.IsMlxcV060 && test.RunState != RunState.NotRunnable)
        {
            test.RunState = RunState.Ignored;
            test.Properties.Set(PropertyNames.SkipReason, $"Needs an mlx-c newer than v0.6.0: {reason}.");
        }
    }
}
