namespace DotMlx.Samples.Digits;

/// <summary>What a model makes of a set: mean loss, and how often each digit was taken for which.</summary>
internal sealed class Evaluation
{
    private readonly int[,] _counts = new int[DigitsData.ClassCount, DigitsData.ClassCount];

    public Evaluation(float loss, ReadOnlySpan<int> actual, ReadOnlySpan<int> predicted)
    {
        Loss = loss;
        Count = actual.Length;
        for (int i = 0; i < actual.Length; i++)
        {
            _counts[actual[i], predicted[i]]++;
            Correct += actual[i] == predicted[i] ? 1 : 0;
        }
    }

    public float Loss { get; }

    public int Count { get; }

    public int Correct { get; }

    public float Accuracy => (float)Correct / Count;

    /// <summary>How many images of <paramref name="actual"/> were taken for <paramref name="predicted"/>.</summary>
    public int this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>The share of the images of a digit that were recognized; NaN when there are none.</summary>
    public float Recall(int digit)
    {
        int total = 0;
        for (int predicted = 0; predicted < DigitsData.ClassCount; predicted++)
        {
            total += _counts[digit, predicted];
        }

        return total == 0 ? float.NaN : (float)_counts[digit, digit] / total;
    }
}
