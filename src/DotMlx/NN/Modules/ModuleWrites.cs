namespace DotMlx.NN;

/// <summary>
/// Writes into the slots of modules, one flow at a time, so that a reader can tell whether it has seen a whole model, and so that a flow
/// that puts arrays back knows which of them another flow has replaced meanwhile.
/// </summary>
internal static class ModuleWrites
{
    // Whoever meets writes so often, of other models for instance, goes on with what it has seen.
    private const int MostLooks = 32;

    private static readonly Lock Gate = new();
    private static readonly List<Watch> Watches = [];
    private static int _depth;

    // Odd while somebody writes.
    private static int _version;

    /// <summary>Begins to write, after the other flows; ends with <see cref="End"/> on the same thread. Nests.</summary>
    internal static void Begin()
    {
        Gate.Enter();
        if (_depth++ == 0)
        {
            Interlocked.Increment(ref _version);
        }
    }

    internal static void End()
    {
        if (--_depth == 0)
        {
            Interlocked.Increment(ref _version);
        }

        Gate.Exit();
    }

    /// <summary>
    /// Begins to read several slots, which shows a whole model unless <see cref="Look.Again"/> says that somebody wrote meanwhile.
    /// </summary>
    internal static Look Read() => new();

    /// <summary>Begins to note what other threads write.</summary>
    internal static Watch Begun() => new();

    /// <summary>
    /// Puts a value there for the flows that are in no trace: one that traces goes on seeing what it has put there. Between
    /// <see cref="Begin"/> and <see cref="End"/>.
    /// </summary>
    /// <returns>What was there for those flows.</returns>
    internal static object? Put(in ModuleSlot slot, object? value)
    {
        object? before = slot.Value == ModuleSlot.Gone ? ModuleSlot.Gone : slot.Read();
        if (value is MlxArray array && before is MlxArray current && StandIn.ForOthers(current) is { } standIn)
        {
            before = standIn.Outside;
            standIn.Outside = array;
        }
        else
        {
            slot.Set(value);
        }

        Note(slot.Container, slot.Key);
        return before;
    }

    /// <inheritdoc cref="Put(in ModuleSlot, object?)"/>
    internal static void Put(Module module, ref MlxArray? field, MlxArray? value)
    {
        if (value is not null && field is { } current && StandIn.ForOthers(current) is { } standIn)
        {
            standIn.Outside = value;
        }
        else
        {
            field = value;
        }

        if (Watches.Count > 0)
        {
            foreach (ModuleSlot slot in ModuleSlot.In(module))
            {
                if (ReferenceEquals(slot.Value, field))
                {
                    Note(module, slot.Key);
                }
            }
        }
    }

    private static void Note(object container, string key)
    {
        foreach (Watch watch in Watches)
        {
            watch.Note(container, key);
        }
    }

    /// <summary>One reading of several slots.</summary>
    internal struct Look
    {
        private int _seen;
        private int _looks;

        public Look() => Wait();

        /// <summary>Whether somebody has written since, so that it is better to read again.</summary>
        internal bool Again()
        {
            if (Volatile.Read(ref _version) == _seen || ++_looks == MostLooks)
            {
                return false;
            }

            Wait();
            return true;
        }

        private void Wait()
        {
            var spin = default(SpinWait);
            while (((_seen = Volatile.Read(ref _version)) & 1) != 0 && !Gate.IsHeldByCurrentThread && spin.Count < MostLooks)
            {
                spin.SpinOnce();
            }
        }
    }

    /// <summary>What threads other than the one that made this have written since.</summary>
    internal sealed class Watch : IDisposable
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;
        private readonly List<(object Container, string Key)> _written = [];
        private Dictionary<object, HashSet<string>>? _byContainer;

        internal Watch()
        {
            lock (Gate)
            {
                Watches.Add(this);
            }
        }

        internal void Note(object container, string key)
        {
            if (_thread != Environment.CurrentManagedThreadId)
            {
                _written.Add((container, key));
                _byContainer = null;
            }
        }

        /// <summary>Whether another thread has written there. Between <see cref="Begin"/> and <see cref="End"/>.</summary>
        internal bool Has(in ModuleSlot slot)
        {
            _byContainer ??= _written.GroupBy(static item => item.Container, static item => item.Key, ReferenceEqualityComparer.Instance)
                .ToDictionary(static items => items.Key!, static items => items.ToHashSet(StringComparer.Ordinal),
                    ReferenceEqualityComparer.Instance);
            return _byContainer.TryGetValue(slot.Container, out HashSet<string>? keys) && keys.Contains(slot.Key);
        }

        public void Dispose()
        {
            lock (Gate)
            {
                Watches.Remove(this);
            }
        }
    }
}
