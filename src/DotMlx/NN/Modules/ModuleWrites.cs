namespace DotMlx.NN;

/// <summary>
/// Serializes writes to the slots of modules. Readers can therefore tell whether they have seen a consistent model, and code that restores
/// arrays knows which of them another thread has replaced since.
/// </summary>
internal static class ModuleWrites
{
    // After this many retries, for example because of writes to other models, a reader uses the values that it has.
    private const int MaxRetries = 32;

    private static readonly Lock Gate = new();
    private static readonly List<Watch> Watches = [];
    private static int _depth;

    // This number is odd during a write.
    private static int _version;

    /// <summary>Begins a write after those of other threads end. <see cref="End"/> must follow on the same thread. Calls nest.</summary>
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
    /// Begins to read several slots. The values are consistent unless <see cref="ReadAttempt.MustRetry"/> reports a concurrent write.
    /// </summary>
    internal static ReadAttempt Read() => new();

    /// <summary>Begins to record the writes of other threads.</summary>
    internal static Watch StartWatch() => new();

    /// <summary>
    /// Sets a value for code outside traces; a running trace still sees the value that it has set. Call this method between
    /// <see cref="Begin"/> and <see cref="End"/>.
    /// </summary>
    /// <returns>The previous value for code outside traces.</returns>
    internal static object? Put(in ModuleSlot slot, object? value)
    {
        object? before = slot.Value == ModuleSlot.Gone ? ModuleSlot.Gone : slot.Read();
        if (value is MlxArray array && before is MlxArray current && ArrayProxy.OfOtherContext(current) is { } proxy)
        {
            before = proxy.Outside;
            proxy.Outside = array;
        }
        else
        {
            slot.Set(value);
        }

        RecordWrite(slot.Container, slot.Key);
        return before;
    }

    /// <inheritdoc cref="Put(in ModuleSlot, object?)"/>
    internal static void Put(Module module, ref MlxArray? field, MlxArray? value)
    {
        if (value is not null && field is { } current && ArrayProxy.OfOtherContext(current) is { } proxy)
        {
            proxy.Outside = value;
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
                    RecordWrite(module, slot.Key);
                }
            }
        }
    }

    private static void RecordWrite(object container, string key)
    {
        foreach (Watch watch in Watches)
        {
            watch.RecordWrite(container, key);
        }
    }

    /// <summary>One read of several slots.</summary>
    internal struct ReadAttempt
    {
        private int _seen;
        private int _retries;

        public ReadAttempt() => Wait();

        /// <summary>Whether another write has occurred since, so that the caller should read again.</summary>
        internal bool MustRetry()
        {
            // The values must have been read before the version is read again.
            Volatile.ReadBarrier();
            if (Volatile.Read(ref _version) == _seen || ++_retries == MaxRetries)
            {
                return false;
            }

            Wait();
            return true;
        }

        private void Wait()
        {
            var spin = default(SpinWait);
            while (((_seen = Volatile.Read(ref _version)) & 1) != 0 && !Gate.IsHeldByCurrentThread && spin.Count < MaxRetries)
            {
                spin.SpinOnce();
            }
        }
    }

    /// <summary>Records the slots that threads other than its creator have written since its creation.</summary>
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

        internal void RecordWrite(object container, string key)
        {
            if (_thread != Environment.CurrentManagedThreadId)
            {
                _written.Add((container, key));
                _byContainer = null;
            }
        }

        /// <summary>
        /// Whether another thread has written the slot. Call this method between <see cref="Begin"/> and <see cref="End"/>.
        /// </summary>
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
