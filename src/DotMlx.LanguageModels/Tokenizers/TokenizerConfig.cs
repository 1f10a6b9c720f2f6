using System.Globalization;
using System.Text.Json;
using DotMlx.LanguageModels.Tokenizers.PostProcessors;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>The settings in <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> that supplement <c>tokenizer.json</c>.</summary>
internal sealed record TokenizerConfig(
    IReadOnlyDictionary<string, string> SpecialTokens, IReadOnlyList<AddedToken> Declared, IReadOnlyList<AddedToken> Special, bool CleansUp,
    bool? AddsBos = null, bool? AddsEos = null)
{
    // These transformers classes build their post-processor from two settings, regardless of tokenizer.json.
    private static readonly string[] Rebuilding = ["LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer"];

    private static readonly string[] Roles =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private static readonly string[] Lists = ["additional_special_tokens", "extra_special_tokens"];

    public static TokenizerConfig None { get; } = new(new Dictionary<string, string>(), [], [], false);

    public static TokenizerConfig Read(JsonField root)
    {
        var special = new Dictionary<string, string>(StringComparer.Ordinal);
        var declared = new List<AddedToken>();
        var added = new List<AddedToken>();
        if (root.Find("added_tokens_decoder") is { } decoder)
            declared.AddRange(decoder.Members().OrderBy(member => IdOf(member.Name, decoder))
                .Select(member => AddedToken.Read(member.Value)));
        foreach (string role in Roles)
        {
            if (root.Find(role) is not { } field)
                continue;
            AddedToken token = ReadToken(field);
            special[role] = token.Content;
            added.Add(token);
        }
        foreach (string list in Lists)
        {
            if (root.Find(list) is not { } field)
                continue;
            IEnumerable<JsonField> items = field.Value.ValueKind == JsonValueKind.Object ? field.Members().Select(member => member.Value)
                : field.Items();
            added.AddRange(items.Select(ReadToken));
        }
        bool rebuilds = root.Find("tokenizer_class") is { Value.ValueKind: JsonValueKind.String } type
            && Rebuilding.Contains(type.Text().Replace("Fast", "", StringComparison.Ordinal));
        return new TokenizerConfig(
            special, declared, added, root.Find("clean_up_tokenization_spaces")?.Flag() ?? false,
            rebuilds ? root.Find("add_bos_token")?.Flag() : null, rebuilds ? root.Find("add_eos_token")?.Flag() : null);
    }

    /// <summary>Creates the post-processor that the settings require; null to keep the one in <c>tokenizer.json</c>.</summary>
    /// <param name="idOf">Returns the ID of a token.</param>
    public PostProcessor? RebuildPostProcessor(Func<string, int?> idOf)
    {
        return AddsBos is null && AddsEos is null
            ? null
            : new TemplatePostProcessor(Ids(AddsBos ?? true, "bos_token"), Ids(AddsEos ?? false, "eos_token"));

        int[] Ids(bool adds, string role) =>
            adds && SpecialTokens.TryGetValue(role, out string? token) && idOf(token) is { } id ? [id] : [];
    }

    /// <summary>Adds the configured tokens that the tokenizer lacks or has with other properties, as transformers does.</summary>
    public void AddTo(AddedTokens tokens)
    {
        tokens.Add([.. Declared
            .Where(token => tokens.IdOf(token.Content) is not { } id || tokens.Find(id) != token)
            .Select(token => token with { Special = token.Special || Special.Any(special => special.Content == token.Content) })]);
        tokens.Add([.. Special.Where(token => tokens.IdOf(token.Content) is null)]);
    }

    private static int IdOf(string name, JsonField decoder) => int.TryParse(name, CultureInfo.InvariantCulture, out int id) ? id
        : throw new InvalidDataException($"{decoder.Path} has the id '{name}', which isn't a number");

    private static AddedToken ReadToken(JsonField field) => field.Value.ValueKind == JsonValueKind.Object
        ? AddedToken.Read(field) with { Special = true } : new AddedToken(field.Text(), Special: true);
}
