namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Selects arrays, modules, and containers by the module that holds them, their dotted key there, and their value.</summary>
    /// <param name="module">The module that holds the value, directly or in a list or dictionary.</param>
    /// <param name="key">The key in that module, dotted in lists and dictionaries (<c>layers.0</c>).</param>
    /// <param name="value">An <see cref="MlxArray"/>, a <see cref="Module"/>, a list, or a dictionary.</param>
    public delegate bool MemberFilter(Module module, string key, object value);

    /// <summary>All parameters and buffers (<c>Module.parameters</c>); a module without any becomes an empty dictionary.</summary>
    public TreeDictionary Parameters() => FilterAndMap(IsParameter);

    /// <summary>The parameters that are neither frozen nor buffers (<c>Module.trainable_parameters</c>).</summary>
    public TreeDictionary TrainableParameters() => FilterAndMap(IsTrainableParameter);

    /// <summary>The filter of <see cref="Parameters"/>: arrays, modules, and containers whose key doesn't begin with '_'.</summary>
    /// <param name="module">The module that holds the value.</param>
    /// <param name="key">The key in that module.</param>
    /// <param name="value">The value.</param>
    public static bool IsParameter(Module module, string key, object value)
    {
        ArgumentNullException.ThrowIfNull(key);
        return (value is MlxArray or Module || ModuleSlot.IsContainer(value)) && !key.StartsWith('_');
    }

    /// <summary>The filter of <see cref="TrainableParameters"/>: parameters that aren't frozen in their module.</summary>
    /// <param name="module">The module that holds the value.</param>
    /// <param name="key">The key in that module.</param>
    /// <param name="value">The value.</param>
    public static bool IsTrainableParameter(Module module, string key, object value)
    {
        ArgumentNullException.ThrowIfNull(module);
        return IsParameter(module, key, value) && !module._frozen.Contains(key) && !module.IsBuffer(key);
    }

    /// <summary>
    /// Creates a tree of the arrays that pass a filter (<c>Module.filter_and_map</c>). In lists and dictionaries, the filter sees dotted
    /// keys, and rejected entries become empty dictionaries to preserve positions.
    /// </summary>
    /// <param name="filter">Returns whether to keep a value. It is called for modules and containers before their contents.</param>
    /// <param name="map">A function that is applied to every kept array; null for the array itself.</param>
    public TreeDictionary FilterAndMap(MemberFilter filter, Func<MlxArray, MlxArray>? map = null)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ModuleWrites.ReadAttempt attempt = ModuleWrites.Read();
        TreeDictionary result;
        do
        {
            result = Kept(filter);
        }
        while (attempt.MustRetry());
        return map is null ? result : result.Map(map);
    }

    private TreeDictionary Kept(MemberFilter filter)
    {
        using Nesting level = Nesting.Enter();
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

    /// <summary>Replaces every parameter with the result of a function (<c>Module.apply</c>).</summary>
    /// <param name="map">Maps an array to its replacement, which may have another shape.</param>
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
    /// <param name="predicate">Selects parameters by their current dtype; null for all parameters.</param>
    public void SetDType(DType dtype, Func<DType, bool>? predicate) =>
        Apply(array => predicate is null || predicate(array.DType) ? Mx.AsType(array, dtype) : array);

    /// <summary>
    /// Replaces parameters (<c>Module.update</c>). The tree may be incomplete. A failed update changes nothing.
    /// </summary>
    /// <param name="parameters">A tree as <see cref="Parameters"/> returns it, or a part of one.</param>
    /// <param name="strict">
    /// Whether every array in the tree must have a parameter here with the same shape. If false, unknown names are ignored and shapes
    /// aren't compared.
    /// </param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict: a parameter doesn't exist; the message contains the full path.</exception>
    /// <exception cref="ArgumentException">Strict: shapes or structures differ; the message contains the path and both values.</exception>
    public Module Update(Tree parameters, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ModuleUpdate.Parameters(this, parameters, strict, checkShapes: strict);
        return this;
    }

    /// <summary>Replaces modules below this one (<c>Module.update_modules</c>). A failed update changes nothing.</summary>
    /// <param name="modules">
    /// Dotted paths, as <see cref="Children"/> and <see cref="LeafModules"/> return them, and the new modules.
    /// </param>
    /// <param name="strict">Whether every path must lead to a module; if false, other paths are ignored.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict: a path doesn't exist.</exception>
    /// <exception cref="ArgumentException">
    /// A module doesn't fit the type of the member that holds the current module, or the current value isn't a module.
    /// </exception>
    public Module UpdateModules(IEnumerable<KeyValuePair<string, Module>> modules, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ModuleUpdate.Modules(this, modules, strict);
        return this;
    }

    /// <summary>Freezes parameters, so that they aren't trained (<c>Module.freeze</c>). Freezing twice is harmless.</summary>
    /// <param name="recurse">Whether to freeze the modules below this one too.</param>
    /// <param name="keys">Names of parameters, such as <c>bias</c>; null for all parameters of each module.</param>
    /// <param name="strict">Whether every key must name a member of at least one of the modules.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict: none of the modules has a member with a given name.</exception>
    public virtual Module Freeze(bool recurse = true, IEnumerable<string>? keys = null, bool strict = false)
    {
        string[]? named = keys is null ? null : CheckKeys(keys, recurse, strict);
        Each(recurse, module => module._frozen.UnionWith(named ?? module.OwnParameterKeys()));
        ModeChanged();
        return this;
    }

    /// <inheritdoc cref="Freeze(bool, IEnumerable{string}?, bool)"/>
    public Module Freeze(string key, bool recurse = true, bool strict = false) => Freeze(recurse, [key], strict);

    /// <summary>Unfreezes parameters, so that they are trained again (<c>Module.unfreeze</c>). Buffers are never trained.</summary>
    /// <param name="recurse">Whether to unfreeze the modules below this one too.</param>
    /// <param name="keys">Names of parameters, such as <c>bias</c>; null for all parameters of each module.</param>
    /// <param name="strict">Whether every key must name a member of at least one of the modules.</param>
    /// <returns>This module.</returns>
    /// <exception cref="KeyNotFoundException">Strict: none of the modules has a member with a given name.</exception>
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
    /// Called by <see cref="Unfreeze(bool, IEnumerable{string}?, bool)"/> on every affected module, so that a module can freeze parameters
    /// again.
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
                return ArrayProxy.InCurrentContext(array);
            case Module module:
                return module.Kept(filter);
            case var container when ModuleSlot.IsContainer(container):
                return UnwrapContainer(key, container, filter);
            default:
                throw new InvalidOperationException(
                    $"The filter kept '{key}' of {GetType().Name}, a {value.GetType().Name}: only arrays, "
                    + $"modules, lists, and dictionaries can be kept.");
        }
    }

    private Tree UnwrapContainer(string key, object container, MemberFilter filter)
    {
        using Nesting level = Nesting.Enter();
        Tree tree = ModuleSlot.NewTree(container);
        foreach (ModuleSlot slot in ModuleSlot.In(container))
        {
            string path = TreePaths.Join(key, slot.Key);
            slot.AddTo(tree, slot.Value is { } element && filter(this, path, element)
                ? Unwrap(path, element, filter)
                : new TreeDictionary());
        }
        return tree;
    }
}
