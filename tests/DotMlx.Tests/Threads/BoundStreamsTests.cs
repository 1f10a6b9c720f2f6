using DotMlx.Tests.IO;
using DotMlx.Tests.Lifetime;
using DotMlx.Tests.NN;
using DotMlx.Tests.Operations;
using DotMlx.Tests.Transforms;

namespace DotMlx.Tests.Threads;

// Repeats the tests that depend on the thread, with streams bound to threads as on a GPU.

[BoundStreams, NonParallelizable]
public sealed class BoundThreadTests : ThreadTests;

[BoundStreams, NonParallelizable]
public sealed class BoundTrainingThreadsTests : TrainingThreadsTests;

[BoundStreams, NonParallelizable]
public sealed class BoundFreeingTests : FreeingTests;

[BoundStreams, NonParallelizable]
public sealed class BoundCompileTests : CompileTests;

[BoundStreams, NonParallelizable]
public sealed class BoundCompiledStepTests : Transforms.CompiledTrainingTests;

[BoundStreams, NonParallelizable]
public sealed class BoundTransformTests : TransformTests;

[BoundStreams, NonParallelizable]
public sealed class BoundValueAndGradTests : ValueAndGradTests;

[BoundStreams, NonParallelizable]
public sealed class BoundExportTests : ExportTests;

[BoundStreams, NonParallelizable]
public sealed class BoundLinalgTests : LinalgTests;

[BoundStreams, NonParallelizable]
public sealed class BoundNpyTests : NpyTests;

[BoundStreams, NonParallelizable]
public sealed class BoundSafetensorsTests : SafetensorsTests;

[BoundStreams, NonParallelizable]
public sealed class BoundGgufTests : GgufTests;
