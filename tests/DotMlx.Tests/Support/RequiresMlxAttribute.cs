using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DotMlx.Tests;

/// <summary>Marks what only MLX can do: skipped, with the reason, on the reference library.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequiresMlxAttribute(string reason = "not provided by the reference library") : NUnitAttribute, IApplyToTest
{
    public string Reason => reason;

    public void ApplyToTest(Test test)
    {
        if (LibraryInUse.IsReference && test.RunState != RunState.NotRunnable)
        {
            test.RunState = RunState.Ignored;
            test.Properties.Set(PropertyNames.SkipReason, $"Needs MLX: {reason}.");
        }
    }
}
