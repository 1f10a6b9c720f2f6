using DotMlx.LanguageModels;

namespace DotMlx.Extensions.AI;

/// <summary>
/// Keeps what was computed of the last conversations, so that a conversation that goes on computes only its new messages.
/// </summary>
internal sealed class ConversationCaches(LanguageModel model, int limit) : IDisposable
{
    private readonly Lock _lock = new();

    // The one that was used last stands last.
    private readonly List<PromptCache> _idle = [];
    private bool _isDisposed;

    /// <summary>Takes the cache that begins most like a prompt, or a new one, and tells how many tokens they share.</summary>
    internal (PromptCache Cache, int Common) Take(IReadOnlyList<int> prompt, CacheOptions options)
    {
        lock (_lock)
        {
            (PromptCache? best, int common) = (null, 0);
            foreach (PromptCache cache in _idle)
            {
                int shared = CommonLength(cache.Tokens, prompt);

                // A cache that shares little belongs to another conversation, which may go on.
                if (shared > common && shared * 2 >= cache.Tokens.Count)
                {
                    (best, common) = (cache, shared);
                }
            }
            if (best is null)
            {
                return (new PromptCache(model.Decoder, options), 0);
            }
            _idle.Remove(best);
            return (best, Math.Min(common, prompt.Count - 1));
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
                _idle.Add(cache);
                if (_idle.Count > limit)
                {
                    surplus = _idle[0];
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
            all = [.. _idle];
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
