using System.Reflection;
using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Threads;

/// <summary>Fields that threads share without a lock are read atomically.</summary>
public sealed class TornReadTests
{
    /// <summary>Fields that change only under a lock that their readers also take.</summary>
    private static readonly string[] Locked = [];

    [Test]
    public void NoStaticFieldThatChangesIsWiderThanAWord() =>
        Assert.That(
            typeof(Mx).Assembly.GetTypes()
                .Where(type => !type.ContainsGenericParameters)
                .SelectMany(type =>
                    type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                .Where(field => !field.IsLiteral && !field.IsInitOnly && field.FieldType.IsValueType
                    && !field.IsDefined(typeof(ThreadStaticAttribute)) && !field.IsDefined(typeof(CompilerGeneratedAttribute)))
                .Where(field => IsTorn(field.FieldType))
                .Select(field => $"{field.DeclaringType!.FullName}.{field.Name}")
                .Except(Locked),
            Is.Empty);

    // A struct of two parts is written in two steps, however small it is.
    private static bool IsTorn(Type type) => Nullable.GetUnderlyingType(type) is not null || SizeOf(type) > IntPtr.Size;

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
