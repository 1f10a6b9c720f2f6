namespace DotMlx.LanguageModels.ChatTemplates.Syntax;

internal enum TokenKind
{
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Text,
    Integer,
    Real,
    Operator,
    End,
}

/// <summary>A token. <paramref name="Value"/> is its text, or the value of a literal.</summary>
internal readonly record struct Token(TokenKind Kind, object Value, int Line)
{
    public string Text => (string)Value;

    public bool Is(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd => "the end of the block",
        TokenKind.VariableEnd => "the end of the print statement",
        _ => $"'{Value}'",
    };
}
