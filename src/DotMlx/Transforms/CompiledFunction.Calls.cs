namespace DotMlx;

/// <content>The data of one call.</content>
internal sealed unsafe partial class CompiledFunction
{
    /// <summary>The data of one call; reused by the next call.</summary>
    private sealed class Frame(int states)
    {
        private object?[] _arguments = [];

        internal CompileKey Key { get; } = new();

        internal Tree[] States { get; } = new Tree[states];

        /// <summary>Arrays of the state before the call that no other code uses.</summary>
        internal List<MlxArray> Replaced { get; } = [];

        internal Signature? Traced { get; set; }

        internal void Begin(ReadOnlySpan<object?> values)
        {
            if (_arguments.Length != values.Length)
            {
                _arguments = new object?[values.Length];
            }

            values.CopyTo(_arguments);
            foreach (object? value in values)
            {
                Key.Add(value);
            }
        }

        /// <summary>The arguments with tracers in place of their arrays.</summary>
        internal object?[] Rebuild(MlxArray[] tracers, out int used)
        {
            MlxArray[] filled = new MlxArray[Key.Numbers.Count];
            used = 0;
            for (int i = 0; i < filled.Length; i++)
            {
                filled[i] = Key.Numbers[i] ?? tracers[used++];
            }

            int next = 0;
            object?[] rebuilt = new object?[_arguments.Length];
            for (int i = 0; i < _arguments.Length; i++)
            {
                rebuilt[i] = TreeDef.Unflatten(_arguments[i], filled, ref next);
            }

            return rebuilt;
        }

        internal void End()
        {
            Key.Clear();
            Array.Clear(_arguments);
            Array.Clear(States);
            Replaced.Clear();
            Traced = null;
        }
    }

    /// <summary>The only object that the native closure keeps alive between calls.</summary>
    private sealed class Relay
    {
        private CompiledFunction? _function;
        private Frame? _frame;

        internal bool Busy => _function is not null;

        /// <summary>The arrays for which the tracers of the current call stand.</summary>
        internal MlxArray[]? Given() => _frame is null ? null : [.. _frame.Key.Arrays];

        internal void Begin(CompiledFunction current, Frame call)
        {
            _function = current;
            _frame = call;
        }

        internal void End()
        {
            _function = null;
            _frame = null;
        }

        internal MlxArray[] Trace(MlxArray[] tracers) => _function is not null
            ? _function.TraceGraph(_frame!, tracers)
            : throw new InvalidOperationException("MLX called a compiled function again after the call had ended.");
    }
}
