namespace DotMlx.LanguageModels.Tokenizers.PostProcessors;

/// <summary>Adds special tokens before and after the token IDs of a text.</summary>
internal abstract class PostProcessor
{
    public abstract void Process(List<int> ids);

    public static PostProcessor Read(JsonField field) => field.Type switch
    {
        "Sequence" => new SequencePostProcessor([.. field.Get("processors").Items().Select(Read)]),
        // Byte-level post-processing changes only offsets, not IDs.
        "ByteLevel" => new SequencePostProcessor([]),
        "BertProcessing" or "RobertaProcessing" => new TemplatePostProcessor([ReadId(field.Get("cls"))], [ReadId(field.Get("sep"))]),
        "TemplateProcessing" => TemplatePostProcessor.ReadTemplate(field),
        var other => throw field.Unknown($"the post-processor '{other}'"),
    };

    private static int ReadId(JsonField field) =>
        field.Items().ToArray() is [_, var id] ? id.Number() : throw field.Expected("a token and its id");
}

internal sealed class SequencePostProcessor(PostProcessor[] steps) : PostProcessor
{
    public override void Process(List<int> ids)
    {
        foreach (PostProcessor step in steps)
            step.Process(ids);
    }
}

internal sealed class TemplatePostProcessor(int[] before, int[] after) : PostProcessor
{
    public override void Process(List<int> ids)
    {
        ids.InsertRange(0, before);
        ids.AddRange(after);
    }

    public static TemplatePostProcessor ReadTemplate(JsonField field)
    {
        var parts = new List<int>[] { [], [] };
        int part = 0;
        foreach (JsonField piece in field.Get("single").Items())
        {
            if (piece.Find("Sequence") is { } sequence)
            {
                if (sequence.Get("id").Text() != "A" || part++ > 0)
                    throw sequence.Unknown("a single template that doesn't contain the text exactly once");
                continue;
            }
            string name = piece.Get("SpecialToken").Get("id").Text();
            JsonField token = field.Get("special_tokens").Get(name);
            parts[Math.Min(part, 1)].AddRange(token.Get("ids").Items().Select(id => id.Number()));
        }
        return part == 1 ? new TemplatePostProcessor([.. parts[0]], [.. parts[1]])
            : throw field.Get("single").Unknown("a single template that doesn't contain the text exactly once");
    }
}
