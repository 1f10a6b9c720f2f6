using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DotMlx.Tests;

/// <summary>Skips, with the reason, where the library in use lacks what the test is about.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public abstract class RequiringAttribute(string needed, string reason) : NUnitAttribute, IApplyToTest
{
    public string Reason => reason;

    protected abstract bool IsMissing { get; }

    public void ApplyToTest(Test test)
    {
        if (IsMissing && test.RunState != RunState.NotRunnable)
        {
            test.RunState = RunState.Ignored;
            test.Properties.Set(PropertyNames.SkipReason, $"Needs {needed}: {reason}.");
        }
    }
}
