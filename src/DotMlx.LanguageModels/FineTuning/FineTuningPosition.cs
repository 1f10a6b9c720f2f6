namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Where a run is: what it has learned, where it is in the data, and what it has not reported yet.</summary>
internal struct FineTuningPosition
{
    internal int Iteration;
    internal long Epoch;
    internal int Batch;
    internal long Tokens;
    internal double LossSum;
    internal int LossCount;
}
