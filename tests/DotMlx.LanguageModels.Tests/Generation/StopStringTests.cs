namespace DotMlx.LanguageModels.Tests.Generation;

/// <summary>Stop strings end a generation, regardless of how they are split into tokens.</summary>
internal sealed class StopStringTests
{
    [Test]
    public void AStopStringIsFoundHoweverItIsCut()
    {
        const string Text = "one two<|end|>three";
        Random random = new(1);
        for (int round = 0; round < 200; round++)
        {
            StopStrings stops = new(["<|end|>", "<|stop|>"]);
            string shown = "";
            bool found = false;
            for (int at = 0; at < Text.Length && !found;)
            {
                int length = random.Next(1, 6);
                (string text, found) = stops.Add(Text[at..Math.Min(at + length, Text.Length)]);
                shown += text;
                at += length;
                Assert.That("one two".StartsWith(shown, StringComparison.Ordinal), Is.True, shown);
            }
            Assert.That((shown, found), Is.EqualTo(("one two", true)));
        }
    }

    [Test]
    public void APrefixOfAStopStringIsShownAtTheEnd()
    {
        StopStrings stops = new(["abab!", "xy"]);
        Assert.That(stops.Add("1ab"), Is.EqualTo(("1", false)));
        Assert.That(stops.Add("ab"), Is.EqualTo(("", false)));
        Assert.That(stops.Add("ab"), Is.EqualTo(("ab", false)));
        Assert.That(stops.Add("x"), Is.EqualTo(("abab", false)));
        Assert.That(stops.Finish(), Is.EqualTo("x"));
    }

    [Test]
    public void TheFirstOfSeveralCounts() => Assert.That(new StopStrings(["cd", "bc"]).Add("abcd"), Is.EqualTo(("a", true)));
}
