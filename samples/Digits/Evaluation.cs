namespace DotMlx.Samples.Digits;

/// <summary>The results of a model on a set: the mean loss, and the number of predictions for each pair of digits.</summary>
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

    /// <summary>Returns the number of images of <paramref name="actual"/> that were classified as <paramref name="predicted"/>.</summary>
    public int this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>Returns the fraction of a digit's images that were classified correctly; NaN if there are none.</summary>
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
