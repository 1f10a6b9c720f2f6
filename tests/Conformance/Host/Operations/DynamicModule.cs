using DotMlx.Conformance.Binding;
using DotMlx.Conformance.Wire;
using DotMlx.NN;
using Module = DotMlx.NN.Module;

namespace DotMlx.Conformance.Operations;

/// <summary>A Python class of modules, whose members are the attributes that Python sets.</summary>
internal sealed class DynamicModule(PythonFunction forward) : Module, IUnaryModule, ITransformerEncoder
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, object> _values = [];

    public IReadOnlyList<string> Names => _names;

    public object? Find(string name) => _values.GetValueOrDefault(name);

    public void Put(string name, object value)
    {
        if (_values.TryAdd(name, value))
        {
            _names.Add(name);
            MembersChanged();
        }
        else
        {
            _values[name] = value;
        }
    }

    public void Drop(string name)
    {
        _values.Remove(name);
        _names.Remove(name);
        MembersChanged();
    }

    public MlxArray Forward(MlxArray x) => Conversions.To<MlxArray>(Python.Call(forward, [x]));

    public MlxArray Forward(MlxArray x, MlxArray? mask) => Conversions.To<MlxArray>(Python.Call(forward, [x, mask]));

    protected override void AddMembers(ModuleMembers members)
    {
        base.AddMembers(members);
        foreach (string name in _names)
        {
            members.Add(ModuleMember.Create<DynamicModule, object>(
                name, module => module.Find(name), (module, value) => module.Put(name, value)));
        }
    }
}
