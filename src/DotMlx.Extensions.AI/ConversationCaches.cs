using DotMlx.LanguageModels;
using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.Extensions.AI;

/// <summary>
/// Keeps what was computed of the last conversations, so that a conversation that goes on computes only its new messages.
/// </summary>
internal sealed class ConversationCaches(LanguageModel model, int limit) : IDisposable
{
    private readonly Lock _lock = new();

    // The one that was used last stands last.
    private readonly List<(PromptCache Cache, Adapter? Adapter)> _idle = [];
    private bool _isDisposed;

    /// <summary>Takes the cache that begins most like a prompt, or a new one, and tells how many tokens they share.</summary>
    internal (PromptCache Cache, int Common) Take(IReadOnlyList<int> prompt, CacheOptions options)
    {
        lock (_lock)
        {
            (int best, int common) = (-1, 0);
            for (int i = 0; i < _idle.Count; i++)
            {
                // What was computed with another adapter is of no use.
                (PromptCache cache, Adapter? adapter) = _idle[i];
                int shared = adapter == model.Adapter ? CommonLength(cache.Tokens, prompt) : 0;

                // A cache that shares little belongs to another conversation, which may go on.
                if (shared > common && shared * 2 >= cache.Tokens.Count)
                {
                    (best, common) = (i, shared);
                }
            }
            if (best < 0)
            {
                return (new PromptCache(model.Decoder, options), 0);
            }
            PromptCache taken = _idle[best].Cache;
            _idle.RemoveAt(best);
            return (taken, Math.Min(common, prompt.Count - 1));
        }
    }

    internal void Return(PromptCache cache)
    {
        PromptCache? surplus = null;
        lock (_lock)
        {
            if (_isDisposed || limit == 0)
            {
                surplus = cache;
            }
            else
            {
                _idle.Add((cache, model.Adapter));
                if (_idle.Count > limit)
                {
                    surplus = _idle[0].Cache;
                    _idle.RemoveAt(0);
                }
            }
        }
        surplus?.Dispose();
    }

    public void Dispose()
    {
        PromptCache[] all;
        lock (_lock)
        {
            _isDisposed = true;
            all = [.. _idle.Select(item => item.Cache)];
            _idle.Clear();
        }
        foreach (PromptCache cache in all)
        {
            cache.Dispose();
        }
    }

    private static int CommonLength(IReadOnlyList<int> left, IReadOnlyList<int> right)
    {
        int length = 0;
        while (length < left.Count && length < right.Count && left[length] == right[length])
        {
            length++;
        }
        return length;
    }
}
