namespace DotMlx.Optimizers;

/// <summary>
/// Small parameters of one dtype that are updated as one flat array. The flat state and the flat parameters are kept from
/// update to update; the trees hold views of them, those of the state made only when somebody looks. A view that somebody replaced or
/// changed is noticed, and the flat array is then put together anew.
/// </summary>
internal sealed class LeafGroup
{
    private readonly List<Member> _members = [];
    private Member[] _last = [];
    private FlatArray[] _state = [];
    private FlatArray? _parameters;
    private int _next;
    private bool _updated;

    /// <summary>The members of the update at hand.</summary>
    public int Count => _members.Count;

    /// <summary>Starts collecting the members of an update.</summary>
    public void Begin()
    {
        _members.Clear();
        _next = 0;
    }

    /// <summary>Adds a member, in the order of the walk.</summary>
    public void Add(TreeLeaf node, MlxArray gradient, MlxArray parameter, TreeDictionary state) =>
        _members.Add(new Member(node, gradient, parameter, state));

    /// <summary>Updates all members: their new parameters wait in <see cref="TakeResult"/>, their states follow.</summary>
    public void Update(Arithmetic x, Func<MlxArray, MlxArray, TreeDictionary, MlxArray> applySingle)
    {
        bool sameMembers = HasSameMembers();
        if (!sameMembers || !Array.TrueForAll(_last, member => member.HasItsState(_state)))
        {
            _state = [.. _members[0].State.Select(entry => entry.Key).Select(key => new FlatArray(key, x.Concatenate(_members.Select(member => member.Entry(key))), x))];
        }

        if (!sameMembers || !HasSameParameters())
        {
            _parameters = new FlatArray("", x.Concatenate(_members.Select(member => member.Parameter)), x);
        }

        // The rule works on a state of its own, so that one which fails half way changes nothing.
        TreeDictionary state = new(_state.Length);
        foreach (FlatArray entry in _state)
        {
            state.Add(entry.Key, TreeLeaf.Private(MlxArray.CreateUnscoped(x.Take(x.Use(entry.Array)))));
        }

        using MlxArray gradients = MlxArray.CreateUnscoped(x.Take(x.Concatenate(_members.Select(member => member.Gradient))));
        using MlxArray updated = applySingle(gradients, _parameters!.Array, state);
        foreach (FlatArray entry in _state)
        {
            entry.Become(((TreeLeaf)state.Get(entry.Key)!).Peek);
        }

        _parameters.Become(MlxArray.CreateUnscoped(x.Take(x.Use(updated))));
        Distribute(x);
        _updated = true;
    }

    /// <summary>The new parameter of a member; members are asked for in the order in which they were added.</summary>
    public MlxArray? TakeResult(TreeLeaf node)
    {
        if (_next < _last.Length && ReferenceEquals(_last[_next].Node, node))
        {
            return _last[_next++].Parameter;
        }

        return null;
    }

    /// <summary>Forgets the trees of the update; and everything, when the update went past this group.</summary>
    public void End()
    {
        _members.Clear();
        if (!_updated)
        {
            _last = [];
        }

        _updated = false;
        foreach (Member member in _last)
        {
            member.Forget();
        }
    }

    private bool HasSameMembers()
    {
        if (_last.Length != _members.Count)
        {
            return false;
        }

        for (int i = 0; i < _last.Length; i++)
        {
            if (!ReferenceEquals(_last[i].State, _members[i].State))
            {
                return false;
            }
        }

        return true;
    }

    private bool HasSameParameters()
    {
        for (int i = 0; i < _last.Length; i++)
        {
            if (!_last[i].HasItsParameter(_members[i].Parameter))
            {
                return false;
            }
        }

        return true;
    }

    private void Distribute(Arithmetic x)
    {
        long offset = 0;
        foreach (Member member in _members)
        {
            member.ShowState(_state, offset);
            member.Become(x.Keep(x.View(_parameters!.Array, member.Gradient.ShapeArray, offset)));
            offset += member.Gradient.Size;
        }

        _last = [.. _members];
    }

    /// <summary>One array of the group, which becomes another with every update.</summary>
    private sealed class FlatArray(string key, Value value, Arithmetic x)
    {
        public string Key { get; } = key;

        public MlxArray Array { get; private set; } = MlxArray.CreateUnscoped(x.Take(value));

        public void Become(MlxArray array)
        {
            Array.Dispose();
            Array = array;
        }
    }

    /// <summary>A member's part of a flat array.</summary>
    private sealed class Part(FlatArray flat, int[] shape, long offset) : LeafView
    {
        private int[]? _made;

        internal override MlxArray Whole => flat.Array;

        internal override MlxArray Make()
        {
            using Arithmetic x = new();
            MlxArray array = MlxArray.CreateUnscoped(x.Take(x.View(flat.Array, shape, offset)));
            _made = array.ShapeArray;
            return array;
        }

        /// <summary>Whether the array of its leaf, if any was made, is as it was made.</summary>
        public bool IsUnchangedIn(TreeLeaf leaf) => leaf.IsView || IsUnchanged(leaf.Peek, _made!);

        public bool Is(FlatArray of, long at) => ReferenceEquals(flat, of) && offset == at;
    }

    private sealed class Member(TreeLeaf node, MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        private int[] _parameterShape = [];
        private long _offset;

        public TreeLeaf? Node { get; private set; } = node;

        public MlxArray Gradient { get; private set; } = gradient;

        public MlxArray Parameter { get; private set; } = parameter;

        public TreeDictionary State { get; } = state;

        public MlxArray Entry(string key) => State.Get(key) is TreeLeaf { Peek: var array } && array.Size == Gradient.Size
            ? array
            : throw new InvalidOperationException($"The state {State.Description} lacks an array '{key}' of the parameter's size. It seems to be another optimizer's.");

        public bool HasItsParameter(MlxArray parameter) => ReferenceEquals(parameter, Parameter) && IsUnchanged(parameter, _parameterShape);

        public bool HasItsState(FlatArray[] flat)
        {
            foreach (FlatArray entry in flat)
            {
                if (State.Get(entry.Key) is not TreeLeaf { View: Part part } leaf || !part.Is(entry, _offset) || !part.IsUnchangedIn(leaf))
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>Lets the state follow the flat one; what somebody holds stays as it is.</summary>
        public void ShowState(FlatArray[] flat, long offset)
        {
            _offset = offset;
            foreach (FlatArray entry in flat)
            {
                if (State.Get(entry.Key) is not TreeLeaf { IsView: true, View: Part part } || !part.Is(entry, offset))
                {
                    State[entry.Key] = TreeLeaf.Private(new Part(entry, Gradient.ShapeArray, offset));
                }
            }
        }

        /// <summary>Takes note of the view that the caller gets.</summary>
        public void Become(MlxArray parameter)
        {
            Parameter = parameter;
            _parameterShape = parameter.ShapeArray;
        }

        public void Forget()
        {
            Node = null;
            Gradient = Parameter;
        }
    }

    // An array that was changed in place has forgotten its shape object: a token that, unlike an address, is never used again.
    private static bool IsUnchanged(MlxArray array, int[] shape) => !array.IsDisposed && ReferenceEquals(array.ShapeArray, shape);
}
