using System.Text;

namespace DotMlx.NN;

/// <summary>
/// The base class of all neural network modules (<c>mlx.nn.Module</c>). Derive a <c>partial</c> class and declare arrays, modules, and
/// lists and dictionaries of them as fields or properties. A source generator makes them parameters with Python's names (<c>QueryProj</c>
/// becomes <c>query_proj</c>), so that Python can share the checkpoints.
/// </summary>
/// <remarks>
/// Members whose name begins with '_' aren't parameters, as in Python, unless <see cref="ParameterAttribute"/>,
/// <see cref="BufferAttribute"/>, or <see cref="NotParameterAttribute"/> overrides the rule. This class uses reflection only to check
/// classes that the source generator hasn't processed, which override <see cref="AddMembers"/>.
/// </remarks>
/// <example>
/// <code>
/// public partial class Mlp(int dims) : Module
/// {
///     public Linear GateProj { get; } = new(dims, 4 * dims);
///     public Linear DownProj { get; } = new(4 * dims, dims);
///     public MlxArray Forward(MlxArray x) => DownProj.Forward(Activations.Silu(GateProj.Forward(x)));
/// }
/// </code>
/// </example>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public abstract partial class Module : IMlxState
{
    private readonly HashSet<string> _frozen = new(StringComparer.Ordinal);
    private ModuleMember[]? _members;
    private bool _training = true;

    /// <summary>
    /// Whether the module is in training mode, in which dropout drops elements and batch normalization uses batch statistics. Initially
    /// true.
    /// </summary>
    public bool Training => _training;

    /// <summary>
    /// Whether only this module uses its arrays. If so, <see cref="Update"/>, <see cref="Apply"/>, and compiled steps that have this module
    /// as state free the arrays that they replace at once. MLX then reuses the memory of the old parameters for the new ones, as in Python.
    /// </summary>
    /// <value>
    /// Initially false: a replaced array lives until the garbage collector finds it unreachable, so arrays and trees that were read from
    /// this module stay valid. If true, read them again after each update, and use <c>ToArray</c> or <c>SaveWeights</c> to keep values.
    /// </value>
    public bool OwnsArrays { get; set; }

    internal ModuleMember[] Members
    {
        get
        {
            if (_members is null)
            {
                ModuleMembers members = new();
                AddMembers(members);
                ModuleMember[] listed = members.ToArray();
                RegistrationCheck.Run(this, listed, members.Excluded);
                _members = listed;
            }
            return _members;
        }
    }

    /// <summary>
    /// Lists the members that hold arrays and modules. The source generator implements this method in C#. A class in another language, such
    /// as F#, overrides it and registers each member: <c>members.Add("up", up)</c>. If such a class holds an array or a module that isn't
    /// registered, the first use of the members throws.
    /// </summary>
    /// <param name="members">The list to add members to; it already contains those of the base class.</param>
    protected virtual void AddMembers(ModuleMembers members)
    {
    }

    /// <summary>
    /// Clears the cached list of members, so that <see cref="AddMembers"/> runs again, for a class that implements it by hand and adds
    /// members later.
    /// </summary>
    protected void MembersChanged() => _members = null;

    /// <summary>Switches this module and all below it to training mode (<c>Module.train</c>).</summary>
    /// <param name="mode">False for evaluation mode.</param>
    /// <returns>This module.</returns>
    public Module Train(bool mode = true) => ApplyToModules((_, module) => module.SetTrainingMode(mode));

    /// <summary>Switches this module and all below it to evaluation mode (<c>Module.eval</c>).</summary>
    /// <returns>This module.</returns>
    public Module Eval() => Train(false);

    /// <summary>Called on every module by <see cref="Train"/> and <see cref="Eval"/>; an override must call the base method.</summary>
    /// <param name="mode">True for training.</param>
    protected virtual void SetTrainingMode(bool mode)
    {
        if (_training != mode)
        {
            _training = mode;
            ModeChanged();
        }
    }

    /// <summary>
    /// The modules directly below this one with their dotted paths, including those in lists and dictionaries (<c>Module.children</c>).
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, Module>> Children()
    {
        List<KeyValuePair<string, Module>> children = [];
        CollectChildren(this, "", static _ => true, children);
        return children;
    }

    /// <summary>The modules anywhere below this one that have no modules below them (<c>Module.leaf_modules</c>).</summary>
    public IReadOnlyList<KeyValuePair<string, Module>> LeafModules()
    {
        List<KeyValuePair<string, Module>> leaves = [];
        CollectChildren(this, "", static module => module.Children().Count == 0, leaves);
        return leaves;
    }

    /// <summary>This module and all below it, later siblings first, as in Python (<c>Module.modules</c>).</summary>
    public IReadOnlyList<Module> Modules()
    {
        List<Module> modules = [];
        ApplyToModules((_, module) => modules.Add(module));
        return modules;
    }

    /// <summary>This module (under the empty path) and all below it with their dotted paths (<c>Module.named_modules</c>).</summary>
    public IReadOnlyList<KeyValuePair<string, Module>> NamedModules()
    {
        List<KeyValuePair<string, Module>> modules = [];
        ApplyToModules((path, module) => modules.Add(new(path, module)));
        return modules;
    }

    /// <summary>Calls a function with the dotted path and the module, for this module first and then for all below it.</summary>
    /// <param name="apply">The function. The path of this module is empty.</param>
    /// <returns>This module.</returns>
    public Module ApplyToModules(Action<string, Module> apply)
    {
        ArgumentNullException.ThrowIfNull(apply);
        Visit("", this, apply);
        return this;
    }

    /// <summary>Text for <see cref="ToString"/> about this module itself, such as its dimensions.</summary>
    protected virtual string ExtraRepr() => "";

    /// <summary>The module and those below it, one per line, as Python prints them.</summary>
    public override string ToString()
    {
        using Nesting level = Nesting.Enter();
        StringBuilder text = new();
        text.Append(GetType().Name).Append('(').Append(ExtraRepr());
        IReadOnlyList<KeyValuePair<string, Module>> children = Children();
        foreach ((string path, Module child) in children)
        {
            text.Append("\n  (").Append(path).Append("): ").Append(child.ToString().Replace("\n", "\n  ", StringComparison.Ordinal));
        }
        return text.Append(children.Count > 0 ? "\n)" : ")").ToString();
    }

    private static void Visit(string path, Module module, Action<string, Module> apply)
    {
        using Nesting level = Nesting.Enter();
        apply(path, module);
        foreach ((string name, Module child) in module.Children().Reverse())
        {
            Visit(TreePaths.Join(path, name), child, apply);
        }
    }

    private static void CollectChildren(
        object container, string prefix, Func<Module, bool> stopAt, List<KeyValuePair<string, Module>> found)
    {
        using Nesting level = Nesting.Enter();
        foreach (ModuleSlot slot in ModuleSlot.In(container))
        {
            string path = TreePaths.Join(prefix, slot.Key);
            if (slot.Value is Module module && stopAt(module))
            {
                found.Add(new(path, module));
            }
            else if (slot.Value is Module || ModuleSlot.IsContainer(slot.Value))
            {
                CollectChildren(slot.Value, path, stopAt, found);
            }
        }
    }
}
