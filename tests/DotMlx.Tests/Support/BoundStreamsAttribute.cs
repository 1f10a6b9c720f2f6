using NUnit.Framework.Interfaces;

namespace DotMlx.Tests;

/// <summary>Evaluates on the library's own thread, as GPUs require with mlx-c versions before v0.7.0, even without a GPU.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BoundStreamsAttribute : NUnitAttribute, ITestAction
{
    private bool _before;

    public ActionTargets Targets => ActionTargets.Suite;

    public void BeforeTest(ITest test)
    {
        _before = Streams.BoundToThread;
        Streams.BoundToThread = true;
    }

    public void AfterTest(ITest test) => Streams.BoundToThread = _before;
}
