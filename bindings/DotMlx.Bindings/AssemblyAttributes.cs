using System.Runtime.CompilerServices;

// All signatures are blittable, so the runtime calls native functions without a marshalling stub.
[assembly: DisableRuntimeMarshalling]
