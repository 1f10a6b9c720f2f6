using System.Reflection;
using System.Runtime.CompilerServices;
using DotMlx.Generator;
using DotMlx.Generator.Api;

namespace DotMlx.Bindings.Tests;

/// <summary>C# structs and enums have the same memory layout as C's.</summary>
public sealed unsafe class LayoutTests
{
    private static readonly Generation Generation = new(Runner.FindRoot(AppContext.BaseDirectory));

    private static readonly ApiVersion[] Versions = [.. Generation.Versions.Versions.Select(v => Generation.ReadApi(v.Name))];

    public static IEnumerable<string> Structs => Versions.SelectMany(v => v.Structs).Select(s => s.Name).Distinct();

    public static IEnumerable<string> Enums => Versions.SelectMany(v => v.Enums).Select(e => e.Name).Distinct();

    [TestCaseSource(nameof(Structs))]
    public void StructHasTheFieldsAndTheSizeOfItsDescription(string name)
    {
        ApiStruct described = Versions.SelectMany(v => v.Structs).Last(s => s.Name == name);
        Type type = typeof(Mlxc).Assembly.GetType($"DotMlx.Bindings.{name}", throwOnError: true)!;
        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public);
        Assert.That(fields.Select(f => f.Name), Is.EqualTo(described.Fields.Select(f => f.Name)));
        // Every struct consists of pointers, or is a four-byte value followed by a flag.
        int expected = described.Fields.All(f => f.Type.IsFunction || f.Type.Pointers > 0) ? described.Fields.Count * sizeof(nint) : 8;
        Assert.That(SizeOf(type), Is.EqualTo(expected));
    }

    [Test]
    public void SizesAndOffsetsAreThoseMeasuredInC()
    {
        Assert.Multiple(() =>
        {
            Assert.That(sizeof(mlx_array), Is.EqualTo(8));
            Assert.That(sizeof(mlx_map_string_to_array_iterator), Is.EqualTo(16));
            Assert.That(sizeof(mlx_map_string_to_string_iterator), Is.EqualTo(16));
            Assert.That(sizeof(mlx_optional_int), Is.EqualTo(8));
            Assert.That(sizeof(mlx_optional_float), Is.EqualTo(8));
            Assert.That(sizeof(mlx_optional_dtype), Is.EqualTo(8));
            Assert.That(sizeof(mlx_io_vtable), Is.EqualTo(72));
            Assert.That(sizeof(mlx_complex64), Is.EqualTo(8));
            Assert.That(sizeof(mlx_dtype), Is.EqualTo(4));
        });
        mlx_optional_int i;
        mlx_optional_float f;
        mlx_optional_dtype d;
        mlx_complex64 c;
        mlx_map_string_to_array_iterator it;
        Assert.That((byte*)&i.has_value - (byte*)&i, Is.EqualTo(4));
        Assert.That((byte*)&f.has_value - (byte*)&f, Is.EqualTo(4));
        Assert.That((byte*)&d.has_value - (byte*)&d, Is.EqualTo(4));
        Assert.That((byte*)&c.im - (byte*)&c, Is.EqualTo(4));
        Assert.That((byte*)&it.map_ctx - (byte*)&it, Is.EqualTo(8));
    }

    [Test]
    public void TheVirtualTableHasItsFunctionsInOrder()
    {
        mlx_io_vtable v;
        long[] offsets = [(byte*)&v.is_open - (byte*)&v, (byte*)&v.good - (byte*)&v, (byte*)&v.tell - (byte*)&v, (byte*)&v.seek - (byte*)&v,
            (byte*)&v.read - (byte*)&v,
            (byte*)&v.read_at_offset - (byte*)&v, (byte*)&v.write - (byte*)&v, (byte*)&v.label - (byte*)&v, (byte*)&v.free - (byte*)&v];
        Assert.That(offsets, Is.EqualTo(Enumerable.Range(0, 9).Select(i => i * 8L)));
    }

    [TestCaseSource(nameof(Enums))]
    public void EnumHasTheValuesOfItsDescription(string name)
    {
        Type type = typeof(Mlxc).Assembly.GetType($"DotMlx.Bindings.{name}", throwOnError: true)!;
        var values = Enum.GetNames(type).ToDictionary(n => n, n => (int)Enum.Parse(type, n));
        foreach (ApiEnum described in Versions.SelectMany(v => v.Enums).Where(e => e.Name == name))
            foreach (ApiMember member in described.Members) Assert.That(values[member.Name], Is.EqualTo(member.Value), member.Name);
        Assert.That(values, Has.Count.EqualTo(Versions.SelectMany(v => v.Enums).Last(e => e.Name == name).Members.Count));
    }

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type)
        .Invoke(null, null)!;
}
