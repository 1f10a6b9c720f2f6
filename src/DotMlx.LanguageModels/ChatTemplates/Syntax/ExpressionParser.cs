namespace DotMlx.LanguageModels.ChatTemplates.Syntax;

/// <summary>Parses expressions with Jinja's operator precedence.</summary>
/// <param name="tokens">The tokens of the template.</param>
/// <param name="onName">Called for each variable that is read.</param>
internal sealed class ExpressionParser(List<Token> tokens, Action<string> onName)
{
    private static readonly string[] Comparisons = ["==", "!=", ">", ">=", "<", "<="];

    private int _position;
    private int _depth;

    public Token Current => tokens[_position];

    private Token Following => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public Token Next() => tokens[_position < tokens.Count - 1 ? _position++ : _position];

    public bool Skip(string symbol)
    {
        if (!Current.Is(symbol))
            return false;
        Next();
        return true;
    }

    public bool SkipName(string name)
    {
        if (!Current.IsName(name))
            return false;
        Next();
        return true;
    }

    public void Expect(string symbol)
    {
        if (!Skip(symbol))
            throw Unexpected($"'{symbol}'");
    }

    private TemplateFault Unexpected(string expected) => new($"unexpected {Current}; expected {expected}", Current.Line);

    private string ExpectName() => Current.Kind == TokenKind.Name ? Next().Text : throw Unexpected("a name");

    /// <summary>Parses one expression, or several comma-separated expressions as a tuple.</summary>
    public Expression ReadTuple(bool withConditional = true, string? end = null, bool inParentheses = false)
    {
        int line = Current.Line;
        return ReadItems(() => withConditional ? Read() : ReadOr(), end, inParentheses, line);
    }

    /// <summary>
    /// Parses an assignment target: a name, several names, or a member of a namespace if <paramref name="withNamespace"/> is true.
    /// </summary>
    public Expression ReadTarget(bool withNamespace = false)
    {
        int line = Current.Line;
        Expression target = ReadItems(() => ReadTargetItem(withNamespace), "in", inParentheses: false, line);
        return target;
    }

    private Expression ReadTargetItem(bool withNamespace)
    {
        Token token = Current;
        if (Skip("("))
        {
            Expression inner = ReadItems(() => ReadTargetItem(withNamespace), null, inParentheses: true, token.Line);
            Expect(")");
            return inner;
        }
        string name = ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
            throw new TemplateFault($"nothing can be assigned to '{name}'", token.Line);
        if (!withNamespace || !Skip("."))
            return new Variable(name, token.Line);
        return new NamespaceMember(name, ExpectName(), token.Line);
    }

    private Expression ReadItems(Func<Expression> read, string? end, bool inParentheses, int line)
    {
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.Is(")") || end is not null && Current.IsName(end))
                break;
            items.Add(read());
            if (items.Count > Limits.MaxListLength)
                throw Limits.ListTooLong();
            if (!Skip(","))
                break;
            isTuple = true;
        }
        if (isTuple || items.Count == 0 && inParentheses)
            return new TupleOf(items, line);
        return items.Count == 1 ? items[0] : throw Unexpected("an expression");
    }

    public Expression Read()
    {
        if (++_depth > Limits.Depth)
            throw new TemplateFault($"expressions are nested more than {Limits.Depth} deep", Current.Line);
        int line = Current.Line;
        Expression value = ReadOr();
        for (int count = 0; SkipName("if"); count++)
        {
            CheckChain(count);
            Expression test = ReadOr();
            value = new Conditional(test, value, SkipName("else") ? Read() : null, line);
            line = Current.Line;
        }
        _depth--;
        return value;
    }

    private void CheckChain(int count)
    {
        if (count > Limits.Chain)
            throw new TemplateFault($"more than {Limits.Chain} operators in a row", Current.Line);
    }

    private Expression ReadLeftToRight(Func<Expression> read, Func<Token, bool> isOperator)
    {
        int line = Current.Line;
        Expression left = read();
        for (int count = 0; isOperator(Current); count++)
        {
            CheckChain(count);
            string symbol = Next().Text;
            left = new Binary(symbol, left, read(), line);
            line = Current.Line;
        }
        return left;
    }

    private Expression ReadOr() => ReadLeftToRight(ReadAnd, token => token.IsName("or"));

    private Expression ReadAnd() => ReadLeftToRight(ReadNot, token => token.IsName("and"));

    private Expression ReadNot()
    {
        int count = 0, line = Current.Line;
        while (SkipName("not"))
            CheckChain(++count);
        Expression value = ReadComparison();
        for (; count > 0; count--)
            value = new Unary("not", value, line);
        return value;
    }

    private Expression ReadComparison()
    {
        int line = Current.Line;
        Expression first = ReadSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Comparisons.Contains(Current.Text))
                rest.Add((Next().Text, ReadSum()));
            else if (SkipName("in"))
                rest.Add(("in", ReadSum()));
            else if (Current.IsName("not") && Following.IsName("in"))
            {
                Next();
                Next();
                rest.Add(("not in", ReadSum()));
            }
            else
                break;
        }
        return rest.Count == 0 ? first : new Comparison(first, rest, line);
    }

    private Expression ReadSum() => ReadLeftToRight(ReadConcatenation, token => token.Is("+") || token.Is("-"));

    private Expression ReadConcatenation()
    {
        int line = Current.Line;
        var items = new List<Expression> { ReadProduct() };
        while (Skip("~"))
            items.Add(ReadProduct());
        return items.Count == 1 ? items[0] : new Concatenation(items, line);
    }

    private Expression ReadProduct() =>
        ReadLeftToRight(ReadPower, token => token.Is("*") || token.Is("/") || token.Is("//") || token.Is("%"));

    private Expression ReadPower() => ReadLeftToRight(() => ReadUnary(), token => token.Is("**"));

    private Expression ReadUnary(bool withFilters = true)
    {
        if (++_depth > Limits.Depth)
            throw new TemplateFault($"expressions are nested more than {Limits.Depth} deep", Current.Line);
        int line = Current.Line;
        Expression value = Skip("-") ? new Unary("-", ReadUnary(false), line)
            : Skip("+") ? new Unary("+", ReadUnary(false), line)
            : ReadPrimary();
        value = ReadPostfix(value);
        _depth--;
        return withFilters ? ReadFiltersAndTests(value) : value;
    }

    private Expression ReadPrimary()
    {
        Token token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                switch (token.Text)
                {
                    case "true" or "True":
                        return new Constant(true, token.Line);
                    case "false" or "False":
                        return new Constant(false, token.Line);
                    case "none" or "None":
                        return new Constant(null, token.Line);
                }
                onName(token.Text);
                return new Variable(token.Text, token.Line);
            case TokenKind.Text:
                string text = token.Text;
                while (Current.Kind == TokenKind.Text)
                    text += Next().Text;
                return new Constant(text, token.Line);
            case TokenKind.Integer or TokenKind.Real:
                return new Constant(token.Value, token.Line);
            case TokenKind.Operator when token.Text == "(":
                Expression inner = ReadTuple(inParentheses: true);
                Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListOf(ReadUntil("]", Read), token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictionaryOf(ReadUntil("}", ReadMember), token.Line);
            default:
                throw new TemplateFault($"unexpected {token}; expected an expression", token.Line);
        }
    }

    private (Expression, Expression) ReadMember()
    {
        Expression key = Read();
        Expect(":");
        return (key, Read());
    }

    private List<T> ReadUntil<T>(string end, Func<T> read)
    {
        var items = new List<T>();
        while (!Skip(end))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (Skip(end))
                    break;
            }
            items.Add(read());
        }
        return items;
    }

    private Expression ReadPostfix(Expression value)
    {
        for (int count = 0; ; count++)
        {
            CheckChain(count);
            int line = Current.Line;
            if (Skip("."))
            {
                value = Current.Kind == TokenKind.Integer
                    ? new Item(value, new Constant(Next().Value, line), line) : new Attribute(value, ExpectName(), line);
            }
            else if (Skip("["))
            {
                List<Expression> keys = ReadUntil("]", ReadSubscript);
                value = new Item(value, keys.Count == 1 ? keys[0] : new TupleOf(keys, line), line);
            }
            else if (Current.Is("("))
                value = new Call(value, ReadArguments(), line);
            else
                return value;
        }
    }

    private Expression ReadSubscript()
    {
        int line = Current.Line;
        Expression? start = Current.Is(":") ? null : Read();
        if (start is not null && !Current.Is(":"))
            return start;
        Next();
        Expression? stop = Part(), step = Skip(":") ? Part() : null;
        return new SliceKey(start, stop, step, line);

        Expression? Part() => Current.Is(":") || Current.Is("]") || Current.Is(",") ? null : Read();
    }

    private ArgumentList ReadArguments()
    {
        int line = Current.Line;
        Expect("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? more = null, moreNamed = null;
        bool first = true;
        while (!Skip(")"))
        {
            if (!first)
            {
                Expect(",");
                if (Skip(")"))
                    break;
            }
            first = false;
            if (more is null && moreNamed is null && Skip("*"))
                more = Read();
            else if (moreNamed is null && Skip("**"))
                moreNamed = Read();
            else if (Current.Kind == TokenKind.Name && Following.Is("=") && moreNamed is null)
            {
                string name = Next().Text;
                Next();
                named.Add((name, Read()));
            }
            else if (more is null && moreNamed is null && named.Count == 0)
                positional.Add(Read());
            else
                throw new TemplateFault("the arguments of a call are out of order", line);
        }
        return new ArgumentList(positional, named, more, moreNamed);
    }

    private Expression ReadFiltersAndTests(Expression value)
    {
        for (int count = 0; ; count++)
        {
            CheckChain(count);
            if (Current.Is("|"))
                value = ReadFilters(value)!;
            else if (SkipName("is"))
                value = ReadTest(value);
            else if (Current.Is("("))
                value = new Call(value, ReadArguments(), Current.Line);
            else
                return value;
        }
    }

    /// <summary>Parses the filters that follow; null if there are none and <paramref name="value"/> is null.</summary>
    public Filter? ReadFilters(Expression? value, bool startsInline = false)
    {
        Filter? filter = null;
        for (int count = 0; startsInline || Skip("|"); count++)
        {
            CheckChain(count);
            startsInline = false;
            int line = Current.Line;
            string name = ReadDottedName();
            filter = new Filter(filter ?? value, name, Current.Is("(") ? ReadArguments() : ArgumentList.None, line);
        }
        return filter;
    }

    private string ReadDottedName()
    {
        string name = ExpectName();
        while (Skip("."))
            name += "." + ExpectName();
        return name;
    }

    private Expression ReadTest(Expression value)
    {
        int line = Current.Line;
        bool negated = SkipName("not");
        string name = ReadDottedName();
        ArgumentList arguments = ArgumentList.None;
        if (Current.Is("("))
            arguments = ReadArguments();
        else if (Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Real || Current.Is("[")
            || Current.Is("{"))
        {
            if (Current.IsName("is"))
                throw new TemplateFault("tests cannot be chained with 'is'", Current.Line);
            if (!(Current.IsName("else") || Current.IsName("or") || Current.IsName("and")))
                arguments = new ArgumentList([ReadPostfix(ReadPrimary())], [], null, null);
        }
        Expression test = new Test(value, name, arguments, line);
        return negated ? new Unary("not", test, line) : test;
    }

    /// <summary>Parses the parameters of a macro.</summary>
    public Signature ReadSignature()
    {
        Expect("(");
        var names = new List<string>();
        var defaults = new List<Expression?>();
        while (!Skip(")"))
        {
            if (names.Count > 0)
                Expect(",");
            names.Add(ExpectName());
            if (Skip("="))
                defaults.Add(Read());
            else if (defaults.Count > 0 && defaults[^1] is not null)
                throw new TemplateFault($"the parameter '{names[^1]}' without a default follows one with a default", Current.Line);
            else
                defaults.Add(null);
        }
        return new Signature(names, defaults);
    }
}
