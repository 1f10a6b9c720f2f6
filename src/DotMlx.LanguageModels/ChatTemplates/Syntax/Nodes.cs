namespace DotMlx.LanguageModels.ChatTemplates.Syntax;

/// <summary>An expression. <see cref="Evaluator"/> computes its value.</summary>
internal abstract record Expression(int Line);

internal sealed record Constant(object? Value, int Line) : Expression(Line);

internal sealed record Variable(string Name, int Line) : Expression(Line);

/// <summary>A member of a namespace as an assignment target.</summary>
internal sealed record NamespaceMember(string Name, string Member, int Line) : Expression(Line);

internal sealed record TupleOf(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

internal sealed record ListOf(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

internal sealed record DictionaryOf(IReadOnlyList<(Expression Key, Expression Value)> Members, int Line) : Expression(Line);

internal sealed record Unary(string Operator, Expression Operand, int Line) : Expression(Line);

internal sealed record Binary(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

internal sealed record Concatenation(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

internal sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest, int Line) : Expression(Line);

internal sealed record Conditional(Expression Test, Expression Then, Expression? Else, int Line) : Expression(Line);

internal sealed record Attribute(Expression Target, string Name, int Line) : Expression(Line);

internal sealed record Item(Expression Target, Expression Key, int Line) : Expression(Line);

internal sealed record SliceKey(Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? More, Expression? MoreNamed)
{
    public static ArgumentList None { get; } = new([], [], null, null);
}

internal sealed record Call(Expression Target, ArgumentList Arguments, int Line) : Expression(Line);

/// <summary>A filter. The filter of a block has no target.</summary>
internal sealed record Filter(Expression? Target, string Name, ArgumentList Arguments, int Line) : Expression(Line);

internal sealed record Test(Expression Target, string Name, ArgumentList Arguments, int Line) : Expression(Line);

/// <summary>A template, and the caller's variables that it hides.</summary>
internal sealed record Template(IReadOnlyList<Statement> Body, IReadOnlySet<string> Hidden);

/// <summary>A statement. <see cref="Executor"/> executes it.</summary>
internal abstract record Statement(int Line);

internal sealed record Data(string Text, int Line) : Statement(Line);

internal sealed record Output(Expression Value, int Line) : Statement(Line);

internal sealed record If(IReadOnlyList<(Expression Test, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else, int Line)
    : Statement(Line);

internal sealed record For(
    Expression Target, Expression Items, Expression? Condition, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else, int Line)
        : Statement(Line);

internal sealed record Break(int Line) : Statement(Line);

internal sealed record Continue(int Line) : Statement(Line);

internal sealed record Assign(Expression Target, Expression Value, int Line) : Statement(Line);

internal sealed record AssignBlock(Expression Target, Filter? Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record With(IReadOnlyList<(Expression Target, Expression Value)> Values, IReadOnlyList<Statement> Body, int Line)
    : Statement(Line);

internal sealed record Signature(IReadOnlyList<string> Names, IReadOnlyList<Expression?> Defaults);

internal sealed record MacroDefinition(string Name, Signature Signature, IReadOnlyList<Statement> Body, int Line) : Statement(Line)
{
    /// <summary>Whether the body uses <c>caller</c>, which then needn't be a parameter.</summary>
    public required bool UsesCaller { get; init; }

    public required bool UsesMore { get; init; }

    public required bool UsesMoreNamed { get; init; }
}

internal sealed record CallBlock(Call Call, MacroDefinition Body, int Line) : Statement(Line);

internal sealed record FilterBlock(Filter Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>A part that an assistant generates. It is rendered like any other part.</summary>
internal sealed record Generation(IReadOnlyList<Statement> Body, int Line) : Statement(Line);
