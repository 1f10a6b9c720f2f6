namespace DotMlx.Tests.Operations;

public class KernelTests
{
    private const string Body = "uint i = thread_position_in_grid.x; y[i] = x[i] * T(3) + (i % 2);";

    [Test]
    [Category("Metal")]
    [RequiresMlx("it runs no kernels")]
    public void AMetalKernelRunsWhereThereIsMetal()
    {
        if (!Mx.Metal.IsAvailable())
        {
            // MLX reports this when the kernel is created, and since 0.32 when it is called.
            Assert.That(
                () =>
                {
                    using MetalKernel none = Mx.Fast.MetalKernel("triple", ["x"], ["y"], Body);
                    using MlxArray one = Mx.Ones(1);
                    none.Apply([one], [[1]], [DType.Float32], (1, 1, 1), (1, 1, 1), [("T", DType.Float32)])[0].Eval();
                },
                Throws.TypeOf<MlxException>().With.Message.Contains("Metal"));
            return;
        }

        using MetalKernel kernel = Mx.Fast.MetalKernel("triple", ["x"], ["y"], Body);
        using MlxArray x = Numbers.Row(1, 2, 3, 4);
        MlxArray[] y = kernel.Apply([x], [[4]], [DType.Float32], (4, 1, 1), (4, 1, 1), [("T", DType.Float32)], initValue: 0);
        Assert.That(y[0].ToArray<float>(), Is.EqualTo(new float[] { 3, 7, 9, 13 }));
    }

    [Test]
    [RequiresMlx("it runs no kernels")]
    public void ACudaKernelRunsWhereThereIsCuda()
    {
        const string Source = "auto i = cooperative_groups::this_grid().thread_rank(); y[i] = x[i] * T(3);";
        if (!Mx.Cuda.IsAvailable())
        {
            Assert.That(
                () => Mx.Fast.CudaKernel("triple", ["x"], ["y"], Source), Throws.TypeOf<MlxException>().With.Message.Contains("CUDA"));
            return;
        }

        using CudaKernel kernel = Mx.Fast.CudaKernel("triple", ["x"], ["y"], Source);
        using MlxArray x = Numbers.Row(1, 2, 3, 4);
        MlxArray[] y = kernel.Apply([x], [[4]], [DType.Float32], (4, 1, 1), (4, 1, 1), [("T", DType.Float32)]);
        Assert.That(y[0].ToArray<float>(), Is.EqualTo(new float[] { 3, 6, 9, 12 }));
    }

    [Test]
    public void APrecompiledKernelIsNotToBeHad()
        => Assert.That(() => Mx.Fast.PrecompiledCudaKernel(), Throws.TypeOf<NotSupportedException>().With.Message.Contains("mlx-c"));

    [Test]
    public void TemplateArgumentsConvert()
    {
        TemplateArgument[] arguments = [true, 3, DType.Int8];
        Assert.That(arguments, Is.Unique);
    }

    [Test]
    public void GpuAvailabilityNeverThrows()
    {
        Assert.That(() => Mx.Metal.IsAvailable(), Throws.Nothing);
        Assert.That(() => Mx.Cuda.IsAvailable(), Throws.Nothing);
    }
}
