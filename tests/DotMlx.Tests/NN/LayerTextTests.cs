using DotMlx.NN;
using DotMlx.Tests.Operations;

namespace DotMlx.Tests.NN;

/// <summary>The texts of layers contain the same numbers as Python's.</summary>
public class LayerTextTests
{
    [Test]
    public void NumbersAreWrittenAsInPython()
    {
        using var scope = MlxScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(new LayerNorm(4).ToString(), Is.EqualTo("LayerNorm(4, eps=1e-05, affine=True)"));
            Assert.That(new RMSNorm(4, 1e-6).ToString(), Is.EqualTo("RMSNorm(4, eps=1e-06)"));
            Assert.That(new GroupNorm(2, 4, 0.25).ToString(), Does.Contain("eps=0.25"));
            Assert.That(new InstanceNorm(4).ToString(), Does.Contain("eps=1e-05"));
            Assert.That(new BatchNorm(4).ToString(), Does.Contain("eps=1e-05, momentum=0.1,"));
            Assert.That(new Dropout(0).ToString(), Is.EqualTo("Dropout(p=0.0)"));
            Assert.That(new Dropout(0.5).ToString(), Is.EqualTo("Dropout(p=0.5)"));
            Assert.That(new Upsample(2).ToString(), Does.StartWith("Upsample(scale_factor=2.0, mode='nearest'"));
            Assert.That(new Upsample([2, 1.5]).ToString(), Does.Contain("scale_factor=(2.0, 1.5)"));
            Assert.That(new Conv2d(1, 1, 3).ToString(), Does.Contain("kernel_size=(3, 3), stride=(1, 1), padding=(0, 0), dilation=(1, 1)"));
            Assert.That(new Conv3d(1, 1, 3).ToString(), Does.Contain("dilation=(1, 1, 1)"));
            Assert.That(new ConvTranspose2d(1, 1, 3).ToString(), Does.Contain("dilation=(1, 1)"));
        });
    }

    [Test]
    public void FloatLiteralsAreWrittenAsDoubles()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = Mx.Ones(2, 4);
        Assert.Multiple(() =>
        {
            Assert.That(new Dropout(0.1).P, Is.EqualTo(0.1));
            Numbers.HasShape(new LeakyReLU(0.2).Forward(x), 2, 4);
            Numbers.HasShape(Mx.Fast.LayerNorm(x, null, null, 1e-5), 2, 4);
            Assert.That(Losses.HuberLoss(x, x * 2, 0.1).ToArray<float>(), Is.All.EqualTo(0.095f).Within(1e-6));
        });
    }

    [Test]
    public void DTypesAreSelectedOrAllAreSet()
    {
        using var scope = MlxScope.Begin();
        var layer = new Embedding(MlxArray.Create<int>([1, 2], 2, 1));
        layer.SetDType(DType.Float16);
        Assert.That(layer.Weight.DType, Is.EqualTo(DType.Int32));
        layer.SetDType(DType.Float16, null);
        Assert.That(layer.Weight.DType, Is.EqualTo(DType.Float16));
    }
}
