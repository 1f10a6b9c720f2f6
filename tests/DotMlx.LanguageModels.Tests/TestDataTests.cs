namespace DotMlx.LanguageModels.Tests;

/// <summary>The test data is complete, because a suite without models would pass without testing anything.</summary>
internal sealed class TestDataTests
{
    [Test]
    public void EveryTestModelExists() => Assert.That((TestModels.Names.Length, TestModels.Quantized.Length), Is.EqualTo((16, 5)));
}
