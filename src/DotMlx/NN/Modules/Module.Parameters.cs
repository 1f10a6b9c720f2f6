namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Decides about an array, a module or a container: the module that holds it, its dotted key there, and the value.</summary>
    /// <param name="module">The module that holds the value, directly or in a list or dictionary.</param>
    /// <param name="key">The key in that module, dotted inside lists and dictionaries (<c>layers.0</c>).</param>
    /// <param name="value">A <see cref="MlxArray"/>, a <see cref="Module"/>, or a list or dictionary.</param>
    public delegate bool MemberFilter(Module module, string key, object value);

    /// <summary>All parameters and buffers (<c>Module.parameters</c>); modules without any are empty dictionaries.</summary>
    public TreeDictionary Parameters() => FilterAndMap(IsParameter);

    /// <summary>The parameters that are neither frozen nor buffers (<c>Module.trainable_parameters</c>).</summary>
    public TreeDictionary TrainableParameters() => FilterAndMap(IsTrainableParameter);

    /// <summary>The filter of <see cref="Parameters"/>: arrays, modules and containers whose key does not begin with '_'.</summary>
    public static bool IsParameter(Module module, string key, object value)
    {
        ArgumentNullException.ThrowIfNull(key);
        return (value is MlxArray or Module || ModuleSlot.IsContainer(value)) && !key.StartsWith('_');
    }

    /// <summary>The filter of <see cref="TrainableParameters"/>: parameters that are not frozen in their module.</summary>
    public static bool IsTrainableParameter(Module module, string key, object value)
    {
        ArgumentNullException.ThrowIfNull(module);
        return IsParameter(module, key, value) && !module._frozen.Contains(key) && !module.IsBuffer(key);
    }

    /// <summary>
    /// A tree of the arrays that pass a filter (<c>Module.filter_and_map</c>). In lists and dictionaries the filter sees dotted
    /// keys; what it rejects there becomes an empty dictionary, so that positions are kept.
    /// </summary>
    /// <param name="filter">Says what to keep; asked about modules and containers before what is in them.</param>
    /// <param name="map">Applied to every array that is kept; null for the array itself.</param>
    public TreeDictionary FilterAndMap(MemberFilter filter, Func<MlxArray, MlxArray>? map = null)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ModuleWrites.Look look = ModuleWrites.Read();
        TreeDictionary result;
        do
        {
            result = Kept(filter);
        }
        while (look.Again());
        return map is null ? result : result.Map(map);
    }

    private TreeDictionary Kept(MemberFilter filter)
    {
        TreeDictionary result = [];
        foreach (ModuleSlot slot in ModuleSlot.In(this))
        {
            if (slot.Value is { } value && filter(this, slot.Key, value))
            {
                result[slot.Key] = Unwrap(slot.Key, value, filter);
            }
        }
        return result;
    }

    /// <summary>Replaces every parameter by what a function makes of it (<c>Module.apply</c>).</summary>
    /// <param name="map">Gets an array, gives its replacement; shapes may change.</param>
    /// <param name="filter">Selects the arrays; null for all parameters.</param>
    /// <returns>This module.</returns>
    public Module Apply(Func<MlxArray, MlxArray> map, MemberFilter? filter = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        ModuleUpdate.Parameters(this, FilterAndMap(filter ?? IsParameter, map), strict: true, checkShapes: false);
        return this;
    }

    /// <summary>Converts floating-point parameters to another dtype (<c>Module.set_dtype</c>).</summary>
    /// <param name="dtype">The new dtype.</param>
    public void SetDType(DType dtype) => SetDType(dtype, static present => present.IsFloating());

    /// <summary>Converts parameters to another dtype (<c>Module.set_dtype</c>).</summary>
    /// <param name="dtype">The new dtype.</param>
    /// <param name="predicate">Selects parameters by their present dtype; null selects all of them.</param>
    public void SetDType(DType dtype, Func<DType, bool>? predicate) =>
        Apply(array => predicate is null || predicate(array.DType) ? Mx.AsType(array, dtype) : array);

    /// <summary>
    /// Replaces parameters (<c>Module.update</c>). The tree need not be complete. An update that fails changes nothing.
    /// </summary>
    /// <param name="parameters">A tree as <see cref="Parameters"/> gives it, or a part of one.</param>
    /// <param name="strict">
    /// Whether everything in the tree must have its place here, with the same shape. If false, names that are not here are ignored
    /// and shapes are not compared.
    /// </param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict, and there is no such parameter; the message names the full path.</exception>
    /// <exception cref="ArgumentException">Strict, and shapes or structure differ; the message names path, expected and actual.</exception>
    public Module Update(Tree parameters, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ModuleUpdate.Parameters(this, parameters, strict, checkShapes: strict);
        return this;
    }

    /// <summary>Replaces modules below this one (<c>Module.update_modules</c>). An update that fails changes nothing.</summary>
    /// <param name="modules">Dotted paths, as <see cref="Children"/> and <see cref="LeafModules"/> give them, and the new modules.</param>
    /// <param name="strict">Whether every path must lead to a module; if false, others are ignored.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict, and there is nothing at a path.</exception>
    /// <exception cref="ArgumentException">
    /// A module does not fit the type of the member that holds the present one, or no module is there.
    /// </exception>
    public Module UpdateModules(IEnumerable<KeyValuePair<string, Module>> modules, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ModuleUpdate.Modules(this, modules, strict);
        return this;
    }

    /// <summary>Keeps parameters out of training (<c>Module.freeze</c>). Freezing twice is harmless.</summary>
    /// <param name="recurse">Whether modules below are frozen too.</param>
    /// <param name="keys">Names of parameters, such as <c>bias</c>; null for all of each module's own.</param>
    /// <param name="strict">Whether every key must name a member of at least one of the modules.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict, and none of the modules has a member of that name.</exception>
    public virtual Module Freeze(bool recurse = true, IEnumerable<string>? keys = null, bool strict = false)
    {
        string[]? named = keys is null ? null : CheckKeys(keys, recurse, strict);
        Each(recurse, module => module._frozen.UnionWith(named ?? module.OwnParameterKeys()));
        ModeChanged();
        return this;
    }

    /// <inheritdoc cref="Freeze(bool, IEnumerable{string}?, bool)"/>
    public Module Freeze(string key, bool recurse = true, bool strict = false) => Freeze(recurse, [key], strict);

    /// <summary>Lets frozen parameters be trained again (<c>Module.unfreeze</c>). Buffers stay out of training.</summary>
    /// <param name="recurse">Whether modules below are unfrozen too.</param>
    /// <param name="keys">Names of parameters, such as <c>bias</c>; null for all of each module's own.</param>
    /// <param name="strict">Whether every key must name a member of at least one of the modules.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict, and none of the modules has a member of that name.</exception>
    public virtual Module Unfreeze(bool recurse = true, IEnumerable<string>? keys = null, bool strict = false)
    {
        string[]? named = keys is null ? null : CheckKeys(keys, recurse, strict);
        Each(recurse, module =>
        {
            if (named is null)
            {
                module._frozen.Clear();
            }
            else
            {
                module._frozen.ExceptWith(named);
            }
            module.AfterUnfreeze();
        });
        ModeChanged();
        return this;
    }

    /// <inheritdoc cref="Unfreeze(bool, IEnumerable{string}?, bool)"/>
    public Module Unfreeze(string key, bool recurse = true, bool strict = false) => Unfreeze(recurse, [key], strict);

    /// <summary>
    /// Called after <see cref="Unfreeze(bool, IEnumerable{string}?, bool)"/> on every module it reached, for those that keep parameters
    /// frozen.
    /// </summary>
    protected virtual void AfterUnfreeze()
    {
    }

    private void Each(bool recurse, Action<Module> apply)
    {
        if (recurse)
        {
            ApplyToModules((_, module) => apply(module));
        }
        else
        {
            apply(this);
        }
    }

    private string[] CheckKeys(IEnumerable<string> keys, bool recurse, bool strict)
    {
        string[] named = [.. keys];
        IReadOnlyList<Module> modules = strict ? recurse ? Modules() : [this] : [];
        foreach (string key in strict ? named : [])
        {
            if (!modules.Any(module => module.Holds(key)))
            {
                throw new KeyNotFoundException(
                    $"No member is named '{key}' "
                    + $"in {GetType().Name}{(recurse ? " or the modules below it" : "")}; pass strict: false to ignore this.");
            }
        }
        return named;
    }

    private bool Holds(string key) => ModuleSlot.TryFollow(this, key, out ModuleSlot slot) && slot.Value is not null;

    private IEnumerable<string> OwnParameterKeys() =>
        FilterAndMap(static (module, key, value) => value is not Module && IsParameter(module, key, value)).Flatten()
            .Select(item => item.Key);

    private bool IsBuffer(string key)
    {
        foreach (ModuleMember member in Members)
        {
            if (member.IsBuffer && member.Name == key)
            {
                return true;
            }
        }
        return false;
    }

    private Tree Unwrap(string key, object value, MemberFilter filter)
    {
        switch (value)
        {
            case MlxArray array:
                return StandIn.Seen(array);
            case Module module:
                return module.Kept(filter);
            case var container when ModuleSlot.IsContainer(container):
                Tree tree = ModuleSlot.NewTree(container);
                foreach (ModuleSlot slot in ModuleSlot.In(container))
                {
                    string path = TreePaths.Join(key, slot.Key);
                    slot.AddTo(tree, slot.Value is { } element && filter(this, path, element)
                        ? Unwrap(path, element, filter)
                        : new TreeDictionary());
                }
                return tree;
            default:
                throw new InvalidOperationException(
                    $"The filter kept '{key}' of {GetType().Name}, a {value.GetType().Name}: only arrays, "
                    + $"modules, lists and dictionaries can be kept.");
        }
    }
}
