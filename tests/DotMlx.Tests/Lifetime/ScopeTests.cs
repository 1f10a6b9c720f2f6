namespace DotMlx.Tests.Lifetime;

public class ScopeTests
{
    [Test]
    public void FreesWhatWasMadeInside()
    {
        using var handles = HandleCount.NoneLeft();
        MlxArray inside;
        using (MlxScope.Begin())
        {
            inside = MlxArray.Create<int>([1]);
            Assert.That(handles.Left, Is.EqualTo(1));
        }

        Assert.That(inside.IsDisposed);
    }

    [Test]
    public void KeepsWhatItIsAskedTo()
    {
        using var handles = HandleCount.NoneLeft();
        using var kept = Make();
        Assert.That(kept.Item<int>(), Is.EqualTo(2));

        static MlxArray Make()
        {
            using var scope = MlxScope.Begin();
            _ = MlxArray.Create<int>([1]);
            return scope.Keep(MlxArray.Create<int>([2]));
        }
    }

    [Test]
    public void ArraysKeptByAnInnerScopeBelongToTheOuterOne()
    {
        using var handles = HandleCount.NoneLeft();
        MlxArray kept;
        using (MlxScope.Begin())
        {
            using (var inner = MlxScope.Begin())
            {
                kept = inner.Keep(MlxArray.Create<int>([2]));
                _ = MlxArray.Create<int>([3]);
            }

            Assert.That(kept.IsDisposed, Is.False);
            Assert.That(handles.Left, Is.EqualTo(1));
        }

        Assert.That(kept.IsDisposed);
    }

    [Test]
    public async Task AScopeFollowsAwait()
    {
        using var handles = HandleCount.NoneLeft();
        using (MlxScope.Begin())
        {
            _ = MlxArray.Create<int>([1]);
            await Task.Yield();
            _ = MlxArray.Create<int>([2]);
            await Task.Run(() => MlxArray.Create<int>([3]));
            Assert.That(handles.Left, Is.EqualTo(3));
        }
    }

    [Test]
    public async Task OutlivedScopesHandOver()
    {
        using var handles = HandleCount.NoneLeft();
        var release = new TaskCompletionSource();
        Task<MlxArray> late;
        using (MlxScope.Begin())
        {
            late = Task.Run(async () =>
            {
                await release.Task;
                return MlxArray.Create<int>([1]);
            });
        }

        release.SetResult();
        using MlxArray array = await late;
        Assert.That(array.IsDisposed, Is.False);
    }

    [Test]
    public void DisposedScopesRefuseToKeep()
    {
        var scope = MlxScope.Begin();
        scope.Dispose();
        scope.Dispose();
        using var a = MlxArray.Create<int>([1]);
        Assert.That(() => scope.Keep(a), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(MlxScope.Current, Is.Null);
    }

    [Test]
    public void ArraysFromOutsideAreLeftAlone()
    {
        using var a = MlxArray.Create<int>([1]);
        using (MlxScope.Begin())
        {
            using var b = a.AsType(DType.Float32);
        }

        Assert.That(a.Item<int>(), Is.EqualTo(1));
    }
}
