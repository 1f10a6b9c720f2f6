using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DotMlx.Tests;

/// <summary>Skips a test, with the reason, if the library in use lacks the tested feature.</summary>
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
