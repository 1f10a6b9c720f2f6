using DotMlx.Tests.Operations;

namespace DotMlx.Tests.Distributed;

public class GroupOfOneTests
{
    [Test]
    public void CollectivesOfOneProcessReturnTheirInput()
    {
        using DistributedGroup group = Mx.Distributed.Init();
        using MlxArray x = Numbers.Row(1, 2);
        Assert.That((group.Rank, group.Size), Is.EqualTo((0, 1)));
        Numbers.AreClose(Mx.Distributed.AllSum(x, group), x);
        Numbers.AreClose(Mx.Distributed.AllMax(x, group), x);
        Numbers.AreClose(Mx.Distributed.AllMin(x), x);
        Numbers.AreClose(Mx.Distributed.AllGather(x), x);
        Numbers.AreClose(Mx.Distributed.SumScatter(x, group), x);
        Assert.That(() => Mx.Distributed.Send(x, 1, group), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Distributed.Recv([2], DType.Float32, 1), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Distributed.RecvLike(x, 1, group), Throws.TypeOf<MlxException>());
        if (Mx.Distributed.IsAvailable("mpi") && !LibraryInUse.IsMlxSince("0.32.1"))
        {
            // If Open MPI is installed, MLX before 0.32.1 treats one process as a group of MPI, and can split even that.
            using DistributedGroup part = group.Split(0);
            Assert.That((part.Rank, part.Size), Is.EqualTo((0, 1)));
        }
        else
        {
            Assert.That(() => group.Split(0), Throws.TypeOf<MlxException>());
        }
    }

    [Test]
    public void UnknownBackendsAreRejected()
    {
        Assert.That(Mx.Distributed.IsAvailable("carrier pigeon"), Is.False);
        Assert.That(() => Mx.Distributed.Init(backend: "carrier pigeon"), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Distributed.Init(backend: "%n"), Throws.ArgumentException);
        Assert.That(() => Mx.Distributed.IsAvailable(), Throws.Nothing);
    }

    [Test]
    public void TimesAndChecksMustMakeSense()
    {
        Assert.That(() => Mx.Distributed.Timeout = TimeSpan.Zero, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Distributed.Init(timeout: TimeSpan.FromSeconds(-1)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Distributed.Checks = (CollectiveChecks)3, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(Mx.Distributed.Checks, Is.Not.EqualTo(CollectiveChecks.Off));
    }

    [Test]
    public void ABarrierOfOneProcessReturnsAtOnce()
    {
        using DistributedGroup group = Mx.Distributed.Init();
        Assert.That(group.Barrier, Throws.Nothing);
    }

    [Test]
    public void ADisposedGroupSaysSo()
    {
        DistributedGroup group = Mx.Distributed.Init();
        group.Dispose();
        group.Dispose();
        Assert.That(() => group.Rank, Throws.TypeOf<ObjectDisposedException>());
    }
}
