using System.Runtime.InteropServices;

namespace DotMlx.Optimizers;

/// <content>The data that all parameters share: the state that rules see, its scalars, and quantities computed once.</content>
internal sealed unsafe partial class TreeUpdate
{
    /// <summary>Sets a scalar of the state for this update and, after the commit, in the state.</summary>
    public void SetScalar(string name, MlxArray value) => _scalars.Add(new(name, value));

    /// <summary>Returns a scalar of the state that this update has changed, or null.</summary>
    public MlxArray? Scalar(string name) => _scalars.Find(scalar => scalar.Key == name).Value;

    /// <summary>Returns the state that update rules see, with the scalars of this update.</summary>
    public TreeDictionary ShownState(TreeDictionary state)
    {
        if (_shownState is null)
        {
            _shownState = new TreeDictionary(state.Count);
            foreach ((string key, Tree value) in state.Children)
            {
                _shownState.Add(key, value);
            }

            foreach ((string name, MlxArray scalar) in _scalars)
            {
                _shownState[name] = scalar;
            }

            _shownState.IsChanged = false;
        }

        return _shownState;
    }

    /// <summary>Computes a quantity at most once per dtype.</summary>
    public MlxArray Once(string name, DType dtype, Func<MlxArray> compute)
    {
        foreach ((string known, DType knownType, MlxArray array) in CollectionsMarshal.AsSpan(_once))
        {
            if (knownType == dtype && known == name)
            {
                return array;
            }
        }

        MlxArray value = compute().AsType(dtype);
        if (_arena is { } arena)
        {
            arena.Adopt(value);
            _once.Add((name, dtype, value));
            if (value.NDim == 0)
            {
                value.MarkShared(dtype);
            }
        }

        return value;
    }

    /// <summary>Takes the entries that the update rule has stored at the top level of the state.</summary>
    private void TakeAdditions(Arena arena)
    {
        if (_shownState is not { IsChanged: true } shown)
        {
            return;
        }

        for (int i = 0; i < shown.Count; i++)
        {
            (string key, Tree value) = shown.EntryAt(i);
            int known = _additions.FindIndex(addition => addition.Key == key);
            if (ReferenceEquals(_state.Get(key), value) || (value is TreeLeaf leaf && ReferenceEquals(leaf.Peek, Scalar(key)))
                || (known >= 0 && ReferenceEquals(_additions[known].Value, value)))
            {
                continue;
            }

            Tree own = ParameterState.Own(value, arena);
            if (known >= 0)
            {
                _additions[known].Value.DisposeArrays();
                _additions.RemoveAt(known);
            }

            _additions.Add(new(key, own));
            shown.SetAt(i, own);
        }

        shown.IsChanged = false;
    }
}
