using System.Reflection;
using System.Reflection.Emit;

namespace DotMlx.Conformance.Binding;

/// <summary>Calls a method with boxed arguments. Reflection can't pass spans, so arrays replace them here.</summary>
internal static class Invoker
{
    private static readonly Lock Lock = new();
    private static readonly Dictionary<MethodBase, Call> Calls = [];

    internal delegate object? Call(object? target, object?[] arguments);

    public static Call For(MethodBase method)
    {
        lock (Lock)
        {
            return Calls.TryGetValue(method, out Call? call) ? call : Calls[method] = Make(method);
        }
    }

    private static Call Make(MethodBase method)
    {
        var dynamic = new DynamicMethod(
            method.Name, typeof(object), [typeof(object), typeof(object[])], typeof(Invoker).Module, skipVisibility: true);
        ILGenerator il = dynamic.GetILGenerator();
        if (method is MethodInfo { IsStatic: false })
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(method.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, method.DeclaringType);
        }

        ParameterInfo[] parameters = method.GetParameters();
        for (int i = 0; i < parameters.Length; i++)
        {
            LoadArgument(il, i, parameters[i].ParameterType);
        }

        if (method is ConstructorInfo constructor)
        {
            il.Emit(OpCodes.Newobj, constructor);
            BoxResult(il, constructor.DeclaringType!);
        }
        else
        {
            MethodInfo called = (MethodInfo)method;
            il.Emit(called.IsVirtual ? OpCodes.Callvirt : OpCodes.Call, called);
            BoxResult(il, called.ReturnType);
        }

        il.Emit(OpCodes.Ret);
        return dynamic.CreateDelegate<Call>();
    }

    private static void LoadArgument(ILGenerator il, int index, Type type)
    {
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldelem_Ref);
        if (type.IsByRefLike)
        {
            Type array = type.GetGenericArguments()[0].MakeArrayType();
            il.Emit(OpCodes.Castclass, array);
            il.Emit(OpCodes.Call, type.GetMethod("op_Implicit", [array])!);
        }
        else
        {
            il.Emit(OpCodes.Unbox_Any, type);
        }
    }

    private static void BoxResult(ILGenerator il, Type type)
    {
        if (type == typeof(void))
        {
            il.Emit(OpCodes.Ldnull);
        }
        else if (type.IsByRefLike)
        {
            LocalBuilder local = il.DeclareLocal(type);
            il.Emit(OpCodes.Stloc, local);
            il.Emit(OpCodes.Ldloca, local);
            il.Emit(OpCodes.Call, type.GetMethod("ToArray")!);
        }
        else if (type.IsValueType)
        {
            il.Emit(OpCodes.Box, type);
        }
    }
}
