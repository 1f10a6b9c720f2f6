using System.Runtime.CompilerServices;

// Every signature is blittable; the runtime then calls without a marshalling stub.
[assembly: DisableRuntimeMarshalling]
