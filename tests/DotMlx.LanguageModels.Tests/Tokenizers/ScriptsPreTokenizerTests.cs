using DotMlx.LanguageModels.Tokenizers;
using DotMlx.LanguageModels.Tokenizers.PreTokenizers;
using DotMlx.LanguageModels.Tokenizers.Unicode;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>The parts into which Hugging Face's <c>UnicodeScripts</c> splits a text.</summary>
internal sealed class ScriptsPreTokenizerTests
{
    [TestCase("どこで生れ。Yes", "どこで生れ|。|Yes", Description = "Kana and Chinese characters are one script.")]
    [TestCase("Apples are りんご 林檎", "Apples are |りんご 林檎", Description = "Spaces belong to what precedes them.")]
    [TestCase("コーヒー 2x", "コーヒー |2|x", Description = "The mark of long vowels goes with kana.")]
    [TestCase("  ab", "ab", Description = "Spaces at the beginning are dropped.")]
    [TestCase(" ", "")]
    [TestCase("ж\u0378ж\U0001F600\U0002A700漢", "ж\u0378ж|\U0001F600|\U0002A700漢", Description = "U+0378 has no script.")]
    [TestCase("a\U0001F9E0b", "a\U0001F9E0b", Description = "U+1F9E0 is younger than Unicode 9.0.")]
    public void PartsAreThoseOfHuggingFace(string text, string expected)
    {
        List<Piece> parts = [];
        new ScriptsPreTokenizer().Split(new Piece(text, 0, text.Length, IsFirst: true), parts);
        Assert.That(string.Join('|', parts.Select(part => part.Span.ToString())), Is.EqualTo(expected));
    }

    [Test]
    public void ScriptsAreThoseOfUnicode9()
    {
        int[] known = [.. Enumerable.Range(0, 0x110000).Where(point => UnicodeScript.Of(point) is not null)];
        Assert.That(known, Has.Length.EqualTo(128_237));
        Assert.That(known.Select(point => UnicodeScript.Of(point)).Distinct().Count(), Is.EqualTo(137));
        Assert.That(UnicodeScript.Of('a'), Is.EqualTo("Latin"));
        Assert.That(UnicodeScript.Of(0x953), Is.EqualTo("Devanagari"));
        Assert.That(UnicodeScript.Of(0x10FFFF), Is.Null);
    }
}
