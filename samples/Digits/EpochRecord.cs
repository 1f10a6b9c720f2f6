namespace DotMlx.Samples.Digits;

/// <summary>
/// The figures of one epoch: mean loss and accuracy during training, and loss and accuracy on the held-out fifth afterward.
/// </summary>
internal readonly record struct EpochRecord(float Loss, float Accuracy, float HeldOutLoss, float HeldOutAccuracy);

/// <summary>The progress of a run. The held-out accuracy is that of the last complete epoch (NaN before the first).</summary>
internal readonly record struct RunProgress(
    int Epoch, int LastEpoch, long Done, long Total, float Loss, float HeldOutAccuracy, double ExamplesPerSecond, TimeSpan Remaining);
