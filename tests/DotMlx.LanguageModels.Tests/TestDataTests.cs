namespace DotMlx.LanguageModels.Tests;

/// <summary>The test data is whole: a suite that finds no model would pass without testing any.</summary>
internal sealed class TestDataTests
{
    [Test]
    public void EveryTestModelExists() => Assert.That((TestModels.Names.Length, TestModels.Quantized.Length), Is.EqualTo((16, 5)));
}
