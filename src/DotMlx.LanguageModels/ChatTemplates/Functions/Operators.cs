using System.Numerics;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>Python's operators.</summary>
internal static class Operators
{
    private const int MaxBits = 100_000;

    public static object? Unary(string symbol, object? value)
    {
        if (symbol == "not")
            return !Python.IsTrue(value);
        Python.ThrowIfUndefined(value);
        if (Python.AsInteger(value) is { } integer)
            return Python.Integer(symbol == "-" ? -integer : integer);
        return value is double real ? symbol == "-" ? -real : real
            : throw new TemplateFault($"bad operand type for unary {symbol}: '{Python.TypeName(value)}'");
    }

    public static bool Compare(string symbol, object? left, object? right)
    {
        switch (symbol)
        {
            case "==":
                return Python.AreEqual(left, right);
            case "!=":
                return !Python.AreEqual(left, right);
            case "in":
                return Python.Contains(right, left);
            case "not in":
                return !Python.Contains(right, left);
        }
        int order = Python.Compare(left, right, symbol);
        // Nothing is less than, equal to, or greater than NaN.
        return order != 2 && symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    public static object? Binary(Run run, string symbol, object? left, object? right)
    {
        if (symbol == "%" && Python.AsText(left) is { } format)
            return left is Markup ? new Markup(run.Made(Formatting.Percent(format, right))) : run.Made(Formatting.Percent(format, right));
        Python.ThrowIfUndefined(left, right);
        if (Python.AsInteger(left) is { } m && Python.AsInteger(right) is { } n)
            return OfIntegers(symbol, m, n);
        if (Python.AsDouble(left) is { } x && Python.AsDouble(right) is { } y)
            return OfReals(symbol, x, y);
        object? result = symbol switch
        {
            "+" => Add(run, left, right),
            "*" when Python.AsInteger(right) is { } count => Repeat(run, left, count),
            "*" when Python.AsInteger(left) is { } count => Repeat(run, right, count),
            _ => null,
        };
        return result ?? throw Unsupported(symbol, left, right);
    }

    private static TemplateFault Unsupported(string symbol, object? left, object? right) => symbol == "+" && Python.AsText(left) is not null
        ? new($"can only concatenate str (not \"{Python.TypeName(right)}\") to str")
        : new($"unsupported operand type(s) for {symbol}: '{Python.TypeName(left)}' and '{Python.TypeName(right)}'");

    private static object? Add(Run run, object? left, object? right) => (left, right) switch
    {
        (string a, string b) => run.Made(string.Concat(a, b)),
        (Markup a, _) when Python.AsText(right) is { } b => new Markup(run.Made(a.Text + (right is Markup ? b : Markup.Escape(b)))),
        (string a, Markup b) => new Markup(run.Made(Markup.Escape(a) + b.Text)),
        (List<object?> a, List<object?> b) => run.Made([.. a, .. b]),
        (Tuple a, Tuple b) => new Tuple(run.Made([.. a.Items, .. b.Items])),
        _ => null,
    };

    private static object? Repeat(Run run, object? value, BigInteger count)
    {
        int times = (int)BigInteger.Max(0, BigInteger.Min(count, int.MaxValue));
        if (Python.AsText(value) is { } text)
        {
            if ((long)text.Length * times > Limits.MaxTextLength)
                throw Limits.TextTooLong();
            string repeated = run.Made(string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : times)));
            return value is Markup ? new Markup(repeated) : repeated;
        }
        if (value is not (List<object?> or Tuple))
            return null;
        IReadOnlyList<object?> items = Python.Iterate(value);
        if ((long)items.Count * times > Limits.MaxListLength)
            throw Limits.ListTooLong();
        List<object?> list = run.Made([.. Enumerable.Repeat(items, items.Count == 0 ? 0 : times).SelectMany(part => part)]);
        return value is Tuple ? new Tuple(list) : list;
    }

    private static object? OfIntegers(string symbol, BigInteger left, BigInteger right)
    {
        switch (symbol)
        {
            case "+":
                return Python.Integer(left + right);
            case "-":
                return Python.Integer(left - right);
            case "*":
                return left.GetBitLength() + right.GetBitLength() <= MaxBits ? Python.Integer(left * right) : throw TooLarge();
            case "/":
                return right.IsZero ? throw DivisionByZero() : (double)left / (double)right;
            case "//" or "%":
                if (right.IsZero)
                    throw DivisionByZero();
                BigInteger quotient = BigInteger.DivRem(left, right, out BigInteger remainder);
                // Python rounds down, not toward zero.
                if (!remainder.IsZero && remainder.Sign != right.Sign)
                    (quotient, remainder) = (quotient - 1, remainder + right);
                return Python.Integer(symbol == "%" ? remainder : quotient);
            case "**" when right >= 0:
                if (BigInteger.Abs(left) > 1 && (right > MaxBits || left.GetBitLength() * (double)right > MaxBits))
                    throw TooLarge();
                return Python.Integer(BigInteger.Pow(left, (int)(BigInteger.Abs(left) > 1 ? right : right > 2 ? 2 + right % 2 : right)));
            case "**":
                return left.IsZero ? throw DivisionByZero() : Math.Pow((double)left, (double)right);
            default:
                throw Unsupported(symbol, Python.Integer(left), Python.Integer(right));
        }
    }

    /// <summary>The remainder of an integer division.</summary>
    public static BigInteger Remainder(object? left, object? right) => (Python.AsInteger(left), Python.AsInteger(right)) switch
    {
        ({ } m, { IsZero: false } n) => BigInteger.Remainder(m, n),
        ({ }, { }) => throw DivisionByZero(),
        _ => throw Unsupported("%", left, right),
    };

    private static double OfReals(string symbol, double left, double right)
    {
        if (right == 0 && symbol is "/" or "//" or "%")
            throw DivisionByZero();
        return symbol switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => left - Math.Floor(left / right) * right,
            "**" => Math.Pow(left, right),
            _ => throw Unsupported(symbol, left, right),
        };
    }

    private static TemplateFault DivisionByZero() => new("division by zero");

    private static TemplateFault TooLarge() => new($"makes an integer of more than {MaxBits} bits");
}
