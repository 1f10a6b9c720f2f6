namespace DotMlx.Samples.Digits;

/// <summary>
/// The figures of one epoch: mean training loss and accuracy while training, loss and accuracy on the held-out fifth after it.
/// </summary>
internal readonly record struct EpochRecord(float Loss, float Accuracy, float HeldOutLoss, float HeldOutAccuracy);

/// <summary>How far a run is; the held-out accuracy is that of the last complete epoch (NaN before the first).</summary>
internal readonly record struct RunProgress(
    int Epoch, int LastEpoch, long Done, long Total, float Loss, float HeldOutAccuracy, double ExamplesPerSecond, TimeSpan Remaining);
