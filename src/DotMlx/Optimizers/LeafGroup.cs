namespace DotMlx.Optimizers;

/// <summary>
/// Small parameters of one dtype that are updated as one flat array. The flat state and the flat parameters are kept from
/// update to update; what the trees hold are views of them. A view that somebody replaced is noticed, and the flat array is then
/// put together anew.
/// </summary>
internal sealed class LeafGroup
{
    private readonly List<Member> _members = [];
    private Member[] _last = [];
    private TreeDictionary? _state;
    private MlxArray? _parameters;
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

    /// <summary>Updates all members: their new parameters wait in <see cref="TakeResult"/>, their states are replaced.</summary>
    public void Update(Arithmetic x, Func<MlxArray, MlxArray, TreeDictionary, MlxArray> applySingle)
    {
        bool sameMembers = _last.Length == _members.Count && _last.Zip(_members).All(pair => pair.First.IsSameLeaf(pair.Second));
        if (!sameMembers || !_last.All(member => member.HasItsState()))
        {
            _state = new TreeDictionary();
            TreeDictionary first = _members[0].State;
            for (int i = 0; i < first.Count; i++)
            {
                string key = first.EntryAt(i).Key;
                _state.Add(key, TreeLeaf.Private(MlxArray.CreateUnscoped(x.Take(x.Concatenate(_members.Select(member => member.Entry(key)))))));
            }
        }

        if (!sameMembers || !_last.Zip(_members).All(pair => pair.First.HasItsParameter(pair.Second.Parameter)))
        {
            _parameters?.Dispose();
            _parameters = MlxArray.CreateUnscoped(x.Take(x.Concatenate(_members.Select(member => member.Parameter))));
        }

        using MlxArray gradients = MlxArray.CreateUnscoped(x.Take(x.Concatenate(_members.Select(member => member.Gradient))));
        MlxArray updated = applySingle(gradients, _parameters!, _state!);
        _parameters!.Dispose();
        _parameters = MlxArray.CreateUnscoped(x.Take(x.Use(updated)));
        updated.Dispose();
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

    private void Distribute(Arithmetic x)
    {
        long offset = 0;
        foreach (Member member in _members)
        {
            int[] shape = member.Gradient.ShapeArray;
            for (int i = 0; i < _state!.Count; i++)
            {
                (string key, Tree flat) = _state.EntryAt(i);
                Optimizer.Write(member.State, key, x.View(((TreeLeaf)flat).Peek, shape, offset), x);
            }

            member.Become(x.Keep(x.View(_parameters!, shape, offset)), _state);
            offset += member.Gradient.Size;
        }

        _last = [.. _members];
    }

    private sealed class Member(TreeLeaf node, MlxArray gradient, MlxArray parameter, TreeDictionary state)
    {
        private int[] _parameterShape = [];
        private (string Key, MlxArray Array, int[] Shape)[] _entries = [];

        public TreeLeaf? Node { get; private set; } = node;

        public MlxArray Gradient { get; private set; } = gradient;

        public MlxArray Parameter { get; private set; } = parameter;

        public TreeDictionary State { get; } = state;

        public MlxArray Entry(string key) => State.Get(key) is TreeLeaf { Peek: var array } && array.Size == Gradient.Size
            ? array
            : throw new InvalidOperationException($"The state {State.Description} lacks an array '{key}' of the parameter's size. It seems to be another optimizer's.");

        public bool IsSameLeaf(Member other) => ReferenceEquals(State, other.State);

        public bool HasItsParameter(MlxArray parameter) => ReferenceEquals(parameter, Parameter) && IsUnchanged(parameter, _parameterShape);

        public bool HasItsState()
        {
            foreach ((string key, MlxArray array, int[] shape) in _entries)
            {
                if (State.Get(key) is not TreeLeaf { Peek: var present } || !ReferenceEquals(present, array) || !IsUnchanged(present, shape))
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>Takes note of the views that the trees hold now.</summary>
        public void Become(MlxArray parameter, TreeDictionary flat)
        {
            Parameter = parameter;
            _parameterShape = parameter.ShapeArray;
            _entries = new (string, MlxArray, int[])[flat.Count];
            for (int i = 0; i < _entries.Length; i++)
            {
                string key = flat.EntryAt(i).Key;
                MlxArray array = ((TreeLeaf)State.Get(key)!).Peek;
                _entries[i] = (key, array, array.ShapeArray);
            }
        }

        public void Forget()
        {
            Node = null;
            Gradient = Parameter;
        }

        // An array that was changed in place has forgotten its shape object: a token that, unlike an address, is never used again.
        private static bool IsUnchanged(MlxArray array, int[] shape) => !array.IsDisposed && ReferenceEquals(array.ShapeArray, shape);
    }
}
