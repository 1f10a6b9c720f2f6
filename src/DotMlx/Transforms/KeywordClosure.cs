using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A managed function of positional and named arrays as an <c>mlx_closure_kwargs</c>.</summary>
internal static unsafe class KeywordClosure
{
    internal static mlx_closure_kwargs Create(Func<MlxArray[], IReadOnlyDictionary<string, MlxArray>, MlxArray[]> function)
    {
        mlx_closure_kwargs handle = Mlxc.mlx_closure_kwargs_new_func_payload(&Invoke, NativeClosure.Payload(function),
            &NativeClosure.Release);
        return handle.ctx != null ? handle : throw MlxError.Fail("mlx_closure_kwargs_new_func_payload");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Invoke(mlx_vector_array* result, mlx_vector_array inputs, mlx_map_string_to_array keywords, void* payload) =>
        CallbackErrors.Run(() =>
        {
            MlxArray[] arguments = [];
            Dictionary<string, MlxArray> named = [];
            try
            {
                arguments = NativeClosure.Borrow(inputs);
                NativeMap.CopyTo(keywords, named);
                var function = NativeClosure.Target<Func<MlxArray[], IReadOnlyDictionary<string, MlxArray>, MlxArray[]>>(payload);
                MlxArray[] outputs = function(arguments, named);
                GraphDepth.Check([.. arguments, .. named.Values], outputs);
                NativeClosure.Return(result, outputs);
            }
            finally
            {
                NativeClosure.DisposeAll([.. arguments, .. named.Values]);
            }
        });
}
