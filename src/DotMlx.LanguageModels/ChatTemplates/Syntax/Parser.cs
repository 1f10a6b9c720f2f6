namespace DotMlx.LanguageModels.ChatTemplates.Syntax;

/// <summary>Parses the statements of a template.</summary>
internal sealed class Parser
{
    private readonly ExpressionParser _expressions;
    private int _depth;
    private int _loops;

    /// <summary>The number of scopes and conditions around the current position.</summary>
    private int _scopes, _conditions;
    private HashSet<string> _names = [];
    private readonly HashSet<string> _outermost = new(StringComparer.Ordinal), _hidden = new(StringComparer.Ordinal);

    private Parser(List<Token> tokens) => _expressions = new ExpressionParser(tokens, OnName);

    public static Template Parse(string source)
    {
        if (source.Length > Limits.MaxTemplateLength)
            throw new TemplateFault($"a template of {source.Length} characters; at most {Limits.MaxTemplateLength} are read", 1);
        var parser = new Parser(Lexer.Tokenize(source));
        List<Statement> body = parser.ReadUntil([]);
        return new Template(body, parser._hidden);
    }

    private void OnName(string name)
    {
        _names.Add(name);
        if (_scopes == 0)
            _outermost.Add(name);
    }

    /// <summary>
    /// Jinja resolves names before it runs: a variable that the outermost scope sets without reading it first hides the caller's variable
    /// of that name from the start, for macros and loops.
    /// </summary>
    private void OnSet(Expression target)
    {
        if (_scopes > 0)
            return;
        if (target is TupleOf tuple)
        {
            foreach (Expression item in tuple.Items)
                OnSet(item);
        }
        else if (target is Variable variable && _outermost.Add(variable.Name) && _conditions == 0)
            _hidden.Add(variable.Name);
    }

    private Token Current => _expressions.Current;

    private Token Next() => _expressions.Next();

    /// <summary>Parses statements up to one of <paramref name="ends"/>, whose name is then the current token.</summary>
    private List<Statement> ReadUntil(string[] ends)
    {
        if (++_depth > Limits.Depth)
            throw new TemplateFault($"blocks are nested more than {Limits.Depth} deep", Current.Line);
        var body = new List<Statement>();
        while (true)
        {
            Token token = Next();
            switch (token.Kind)
            {
                case TokenKind.End when ends.Length > 0:
                    throw new TemplateFault($"the template ends where {Choice(ends)} is expected", token.Line);
                case TokenKind.End:
                    _depth--;
                    return body;
                case TokenKind.Data:
                    body.Add(new Data(token.Text, token.Line));
                    break;
                case TokenKind.VariableBegin:
                    body.Add(new Output(_expressions.ReadTuple(), token.Line));
                    Expect(TokenKind.VariableEnd);
                    break;
                default:
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        _depth--;
                        return body;
                    }
                    body.Add(ReadStatement(ends));
                    Expect(TokenKind.BlockEnd);
                    break;
            }
        }
    }

    private static string Choice(string[] names) => string.Join(" or ", names.Select(name => $"'{name}'"));

    private Token Expect(TokenKind kind) => Current.Kind == kind ? Next()
        : throw new TemplateFault($"unexpected {Current}; expected {new Token(kind, "a name", 0)}", Current.Line);

    private string ExpectName() =>
        Current.Kind == TokenKind.Name ? Next().Text : throw new TemplateFault($"unexpected {Current}; expected a name", Current.Line);

    private Statement ReadStatement(string[] ends)
    {
        Token token = Current.Kind == TokenKind.Name ? Next() : throw new TemplateFault("a tag name is expected", Current.Line);
        switch (token.Text)
        {
            case "if":
                return ReadIf(token.Line);
            case "for":
                return ReadFor(token.Line);
            case "set":
                return ReadSet(token.Line);
            case "macro":
                string name = ExpectName();
                OnSet(new Variable(name, token.Line));
                return ReadMacro(name, _expressions.ReadSignature(), "endmacro", token.Line);
            case "call":
                return ReadCall(token.Line);
            case "with":
                return ReadWith(token.Line);
            case "filter":
                Filter filter = _expressions.ReadFilters(null, startsInline: true)!;
                return new FilterBlock(filter, ReadBody("endfilter"), token.Line);
            case "generation":
                return new Generation(ReadBody("endgeneration"), token.Line);
            case "break" or "continue" when _loops == 0:
                throw new TemplateFault($"'{token.Text}' outside of a loop", token.Line);
            case "break":
                return new Break(token.Line);
            case "continue":
                return new Continue(token.Line);
            case "include" or "import" or "from" or "extends" or "block" or "autoescape" or "print":
                throw new TemplateFault($"the tag '{token.Text}' is not supported", token.Line);
            default:
                string expected = ends.Length > 0 ? $"; {Choice(ends)} is expected" : "";
                throw new TemplateFault($"unknown tag '{token.Text}'{expected}", token.Line);
        }
    }

    /// <summary>Parses the body of a block with a single end tag.</summary>
    private List<Statement> ReadBody(string end, bool isCondition = false)
    {
        List<Statement> body = ReadBody([end], isCondition);
        Next();
        return body;
    }

    private List<Statement> ReadBody(string[] ends, bool isCondition = false)
    {
        _expressions.Skip(":");
        Expect(TokenKind.BlockEnd);
        ref int around = ref isCondition ? ref _conditions : ref _scopes;
        around++;
        List<Statement> body = ReadUntil(ends);
        around--;
        return body;
    }

    private If ReadIf(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        while (true)
        {
            Expression test = _expressions.ReadTuple(withConditional: false);
            branches.Add((test, ReadBody(["elif", "else", "endif"], isCondition: true)));
            switch (Next().Text)
            {
                case "elif":
                    continue;
                case "else":
                    return new If(branches, ReadBody("endif", isCondition: true), line);
                default:
                    return new If(branches, [], line);
            }
        }
    }

    private For ReadFor(int line)
    {
        Expression target = _expressions.ReadTarget();
        if (!_expressions.SkipName("in"))
            throw new TemplateFault($"unexpected {Current}; expected 'in'", Current.Line);
        Expression items = _expressions.ReadTuple(withConditional: false, end: "recursive");
        Expression? condition = _expressions.SkipName("if") ? _expressions.Read() : null;
        if (_expressions.SkipName("recursive"))
            throw new TemplateFault("recursive loops are not supported", line);
        _loops++;
        List<Statement> body = ReadBody(["endfor", "else"]);
        _loops--;
        return new For(target, items, condition, body, Next().Text == "else" ? ReadBody("endfor") : [], line);
    }

    private Statement ReadSet(int line)
    {
        Expression target = _expressions.ReadTarget(withNamespace: true);
        if (_expressions.Skip("="))
        {
            Expression value = _expressions.ReadTuple();
            OnSet(target);
            return new Assign(target, value, line);
        }
        Filter? filter = _expressions.ReadFilters(null);
        OnSet(target);
        return new AssignBlock(target, filter, ReadBody("endset"), line);
    }

    private MacroDefinition ReadMacro(string name, Signature signature, string end, int line)
    {
        (HashSet<string> outerNames, int outerLoops) = (_names, _loops);
        (_names, _loops) = ([], 0);
        List<Statement> body = ReadBody(end);
        var macro = new MacroDefinition(name, signature, body, line)
        {
            UsesCaller = _names.Contains("caller"), UsesMore = _names.Contains("varargs"), UsesMoreNamed = _names.Contains("kwargs"),
        };
        outerNames.UnionWith(_names);
        (_names, _loops) = (outerNames, outerLoops);
        return macro;
    }

    private CallBlock ReadCall(int line)
    {
        Signature signature = Current.Is("(") ? _expressions.ReadSignature() : new Signature([], []);
        Call call = _expressions.Read() as Call ?? throw new TemplateFault("a call is expected", line);
        return new CallBlock(call, ReadMacro("caller", signature, "endcall", line), line);
    }

    private With ReadWith(int line)
    {
        var values = new List<(Expression, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
                _expressions.Expect(",");
            Expression target = _expressions.ReadTarget();
            _expressions.Expect("=");
            values.Add((target, _expressions.Read()));
        }
        return new With(values, ReadBody("endwith"), line);
    }
}
