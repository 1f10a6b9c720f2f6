namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The position of a run: the completed iterations, the position in the data, and the losses since the last report.</summary>
internal struct FineTuningPosition
{
    internal int Iteration;
    internal long Epoch;
    internal int Batch;
    internal long Tokens;
    internal double LossSum;
    internal int LossCount;
}
