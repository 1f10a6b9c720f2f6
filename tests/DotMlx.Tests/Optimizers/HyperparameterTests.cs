using System.Reflection;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Every constructor argument of every optimizer has a property of its name.</summary>
public class HyperparameterTests
{
    private static IEnumerable<TestCaseData> Constructors() =>
        from type in typeof(Optimizer).Assembly.GetExportedTypes()
        where type.IsSubclassOf(typeof(Optimizer)) && !type.IsAbstract
        from constructor in type.GetConstructors()
        let parameters = constructor.GetParameters()
        let rate = parameters.FirstOrDefault(parameter => parameter.Name == "learningRate")?.ParameterType.Name
        select new TestCaseData(constructor).SetArgDisplayNames(type.Name, rate ?? "no rate");

    [TestCaseSource(nameof(Constructors))]
    public void ArgumentsCanBeRead(ConstructorInfo constructor)
    {
        ParameterInfo[] parameters = constructor.GetParameters();
        object[] arguments = [.. parameters.Select((parameter, i) => Value(parameter, i + 1))];
        var optimizer = (Optimizer)constructor.Invoke(arguments);
        Assert.Multiple(() =>
        {
            foreach ((ParameterInfo parameter, object argument) in parameters.Zip(arguments))
            {
                string name = char.ToUpperInvariant(parameter.Name![0]) + parameter.Name[1..];
                PropertyInfo? property = optimizer.GetType().GetProperty(name);
                Assert.That(property, Is.Not.Null, $"{optimizer.GetType().Name} has no property {name}");
                object? read = property?.GetValue(optimizer);
                Assert.That(read is MlxArray array ? array.Item<float>() : read,
                    Is.EqualTo(argument is Schedule ? 0.25f : read is MlxArray ? (float)(double)argument : argument), name);
            }
        });
    }

    // The values are distinct, so that none can be confused with another. A bool is the opposite of the default, unless options exclude
    // each other.
    private static object Value(ParameterInfo parameter, int place)
    {
        double number = 0.01 * place;
        Type type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        return type switch
        {
            _ when parameter.Name == "dampening" => 0.0,
            _ when type == typeof(double) => number,
            _ when type == typeof(int) => place + 3,
            _ when type == typeof(bool) => parameter.Name == "relativeStep" ? false : !(bool)parameter.DefaultValue!,
            _ when type == typeof((double, double)) => (number, number + 0.5),
            _ when type == typeof(Schedule) => (Schedule)(_ => MlxArray.Scalar(0.25f)),
            _ => throw new NotSupportedException($"{parameter.Member.DeclaringType}: {type} {parameter.Name}"),
        };
    }
}
