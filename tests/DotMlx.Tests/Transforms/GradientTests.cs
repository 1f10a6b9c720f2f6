namespace DotMlx.Tests.Transforms;

[TestFixture]
public class GradientTests
{
    [Test]
    public void TheGradientOfASquareIsTwiceItsInput()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray x = MlxArray.Create<float>([1, 2, 3], 3);
        var valueAndGrad = Mx.ValueAndGrad((MlxArray a) =>
        {
            using MlxArray square = a * a;
            return square.Sum();
        });
        (MlxArray value, MlxArray gradient) = valueAndGrad(x);
        Assert.That(value.Item<float>(), Is.EqualTo(14));
        Assert.That(gradient.ToArray<float>(), Is.EqualTo(new float[] { 2, 4, 6 }));
        value.Dispose();
        gradient.Dispose();
        HandleCount.Settle();
    }

    [Test]
    public void GradientsOfGradientsAreRight()
    {
        var third = Mx.Grad(Mx.Grad(Mx.Grad(x => x * x * x * x)));
        using MlxArray at = MlxArray.Scalar(2f);
        using MlxArray gradient = third(at);
        Assert.That(gradient.Item<float>(), Is.EqualTo(48).Within(1e-4));
    }

    [Test]
    public void ArgumentNumbersChoose()
    {
        using MlxArray a = MlxArray.Scalar(2f);
        using MlxArray b = MlxArray.Scalar(5f);
        MlxArray Product(MlxArray x, MlxArray y) => x * x * y;
        Assert.That(Mx.Grad(Product)(a, b).Item<float>(), Is.EqualTo(20));
        Assert.That(Mx.Grad(Product, 1)(a, b).Item<float>(), Is.EqualTo(4));
        Assert.That(Mx.Grad(Product, [1, 0])(a, b).Select(g => g.Item<float>()), Is.EqualTo(new float[] { 20, 4 }));
        Assert.That(Mx.Grad((MlxArray x, MlxArray y, MlxArray z) => x * y * z)(a, b, b).Item<float>(), Is.EqualTo(25));
        Assert.That(Mx.Grad((MlxArray[] all) => all[0] * all[1])([a, b]).Select(g => g.Item<float>()), Is.EqualTo(new float[] { 5, 2 }));
        Assert.That(Mx.Grad((MlxArray[] all) => all[0] * all[1], [1])([a, b]).Single().Item<float>(), Is.EqualTo(2));
        Assert.That(() => Mx.Grad(Product, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Grad(Product, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Grad(Product, [1, 1]), Throws.ArgumentException.With.Message.Contains("twice"));
        Assert.That(() => Mx.Grad(Product, []), Throws.ArgumentException);
    }

    [Test]
    public void ValuesComeWithTheGradientsByTheArgumentsNamed()
    {
        using MlxArray a = MlxArray.Scalar(2f), b = MlxArray.Scalar(5f), c = MlxArray.Scalar(7f);
        static MlxArray Two(MlxArray x, MlxArray y) => x * x * y;
        static MlxArray Three(MlxArray x, MlxArray y, MlxArray z) => x * x * y * z;
        static MlxArray List(MlxArray[] all) => Three(all[0], all[1], all[2]);

        // The derivatives of x²y with respect to x and y at (2, 5), and of x²yz with respect to x, y, and z at (2, 5, 7), always in this
        // order.
        AssertOne(Mx.ValueAndGrad(Two)(a, b), 20, 20);
        AssertOne(Mx.ValueAndGrad(Two, 1)(a, b), 20, 4);
        AssertAll(Mx.ValueAndGrad(Two, [1, 0])(a, b), 20, 20, 4);
        AssertOne(Mx.ValueAndGrad((MlxArray y, MlxArray x, MlxArray z) => Three(x, y, z))(b, a, c), 140, 28);
        AssertAll(Mx.ValueAndGrad((MlxArray[] all) => List(all))([a, b, c]), 140, 140, 28, 20);
        AssertAll(Mx.ValueAndGrad((MlxArray[] all) => List(all), [2])([a, b, c]), 140, 20);
        Assert.That(() => Mx.ValueAndGrad(Two, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.ValueAndGrad((MlxArray[] all) => List(all), [0, 3])([a, b, c]),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.ValueAndGrad(Two, [0, 0]), Throws.ArgumentException.With.Message.Contains("twice"));

        // The same with an auxiliary output.
        AssertAux(Mx.ValueAndGrad((MlxArray y, MlxArray x) => (Two(x, y), y + 1))(b, a), 20, 6, 4);
        AssertAux(Mx.ValueAndGrad((MlxArray z, MlxArray x, MlxArray y) => (Three(x, y, z), z + 1))(c, a, b), 140, 8, 20);
        AssertAux(Mx.ValueAndGrad((MlxArray[] all) => (List(all), all[1] + 1))([a, b, c]), 140, 6, 140, 28, 20);
        Tree tree = new TreeDictionary { ["x"] = a };
        (MlxArray value, MlxArray beside, Tree byTree) =
            Mx.ValueAndGrad((Tree t, MlxArray y, MlxArray z) => (Three(t["x"].Array, y, z), z))(tree, b, c);
        AssertAux((value, beside, byTree["x"].Array), 140, 7, 140);
        (value, beside, byTree) =
            Mx.ValueAndGrad((Tree t, MlxArray[] rest) => (Three(t["x"].Array, rest[0], rest[1]), rest[0]))(tree, [b, c]);
        AssertAux((value, beside, byTree["x"].Array), 140, 5, 140);

        static void AssertAux(object actual, float value, float auxiliary, params float[] gradients)
        {
            (MlxArray loss, MlxArray beside, MlxArray[] all) = actual is ValueTuple<MlxArray, MlxArray, MlxArray> one
                ? (one.Item1, one.Item2, [one.Item3])
                : ((MlxArray, MlxArray, MlxArray[]))actual;
            Assert.That(beside.Item<float>(), Is.EqualTo(auxiliary));
            AssertAll((loss, all), value, gradients);
        }

        static void AssertOne((MlxArray Value, MlxArray Gradients) actual, float value, float gradient) =>
            AssertAll((actual.Value, [actual.Gradients]), value, gradient);

        static void AssertAll((MlxArray Value, MlxArray[] Gradients) actual, float value, params float[] gradients)
        {
            Assert.That(actual.Value.Item<float>(), Is.EqualTo(value));
            Assert.That(actual.Gradients.Select(g => g.Item<float>()), Is.EqualTo(gradients));
        }
    }

    [Test]
    public void TheGradientOfATreeHasItsStructure()
    {
        using var handles = HandleCount.NoneLeft();
        TreeDictionary parameters = new()
        {
            ["layers"] = new TreeList([new TreeDictionary { ["w"] = MlxArray.Scalar(3f) }, new TreeDictionary()]),
            ["b"] = MlxArray.Scalar(4f),
        };
        using MlxArray x = MlxArray.Scalar(10f);
        (MlxArray value, Tree gradient) =
            Mx.ValueAndGrad((Tree p, MlxArray a) => p["layers"][0]["w"].Array * a + p["b"].Array * p["b"].Array)(parameters, x);
        Assert.That(value.Item<float>(), Is.EqualTo(46));
        Assert.That(Tree.StructureEquals(parameters, gradient), Is.True);
        Assert.That(gradient["layers"][0]["w"].Array.Item<float>(), Is.EqualTo(10));
        Assert.That(gradient["b"].Array.Item<float>(), Is.EqualTo(8));
        Assert.That(() => Mx.Grad((Tree _) => x)(new TreeDictionary()), Throws.ArgumentException);
        value.Dispose();
        gradient.DisposeArrays();
        parameters.DisposeArrays();
        HandleCount.Settle();
    }

    [Test]
    public void AuxiliaryOutputsComeBackAsValues()
    {
        using MlxArray x = MlxArray.Scalar(3f);
        (MlxArray value, (MlxArray[] several, Tree tree) aux, MlxArray gradient) = Unpack(Mx.ValueAndGrad(
            (MlxArray a) => (a * a, new Box([a, a + 1], new TreeDictionary { ["twice"] = a * 2 })))(x));
        Assert.That(value.Item<float>(), Is.EqualTo(9));
        Assert.That(gradient.Item<float>(), Is.EqualTo(6));
        Assert.That(aux.several, Has.Length.EqualTo(2));

        (_, (MlxArray first, Tree second), _) =
            Mx.ValueAndGrad((MlxArray a) => (a * a, (a, (Tree)new TreeDictionary { ["twice"] = a * 2 })))(x);
        Assert.That(first.Item<float>(), Is.EqualTo(3));
        Assert.That(second["twice"].Array.Item<float>(), Is.EqualTo(6));

        (_, MlxArray[] arrays, Tree byTree) = Mx.ValueAndGrad((Tree t, MlxArray a) => (t["w"].Array * a, new[] { a, t["w"].Array }))(
            new TreeDictionary { ["w"] = x }, x);
        Assert.That(arrays.Select(item => item.Item<float>()), Is.EqualTo(new float[] { 3, 3 }));
        Assert.That(byTree["w"].Array.Item<float>(), Is.EqualTo(3));

        (_, string text, _) = Mx.ValueAndGrad((MlxArray a) => (a * a, "as it is"))(x);
        Assert.That(text, Is.EqualTo("as it is"));
    }

    [Test]
    public void AnExceptionInTheFunctionComesOutAsItWas()
    {
        using var handles = HandleCount.NoneLeft();
        using MlxArray x = MlxArray.Scalar(3f);
        Exception? caught = Assert.Throws<FormatException>(() => Mx.ValueAndGrad((MlxArray _) => Fail())(x));
        Assert.That(caught!.Message, Is.EqualTo("100 %s%n"));
        Assert.That(caught.StackTrace, Does.Contain(nameof(Fail)));

        // Nested transforms work, and all objects remain usable afterward.
        Assert.Throws<FormatException>(() => Mx.Grad(Mx.Grad((MlxArray _) => Fail()))(x));
        Assert.Throws<FormatException>(() => Mx.Vjp(_ => Fail(), x, x));
        using MlxArray gradient = Mx.Grad((MlxArray a) => a * a)(x);
        Assert.That(gradient.Item<float>(), Is.EqualTo(6));
        HandleCount.Settle();
    }

    [Test]
    public void ErrorsOfMLXInsideTheFunctionComeOut()
    {
        using MlxArray x = MlxArray.Create<float>([1, 2, 3], 3);
        using MlxArray y = MlxArray.Create<float>([1, 2], 2);
        Assert.That(() => Mx.Grad((MlxArray a) => (a + y).Sum())(x), Throws.TypeOf<MlxException>().With.Property("Operation")
            .EqualTo("mlx_add"));
    }

    [Test]
    public void OnlyScalarsHaveGradients()
    {
        using MlxArray x = MlxArray.Create<float>([1, 2, 3], 3);
        Assert.That(() => Mx.Grad((MlxArray a) => a * a)(x), Throws.InvalidOperationException.With.Message.Contains("(3)"));
        Assert.That(() => Mx.Grad((MlxArray _) => (MlxArray)null!)(x), Throws.InvalidOperationException.With.Message.Contains("null"));
    }

    [Test]
    public void ArgumentsAreWhatWasGivenAfterTheCall()
    {
        using MlxArray x = MlxArray.Scalar(3f);
        MlxArray? kept = null;
        using MlxArray gradient = Mx.Grad((MlxArray a) =>
        {
            kept = a;
            return a * a;
        })(x);
        Assert.That(kept!.Item<float>(), Is.EqualTo(3f));
        x.Dispose();
        Assert.That(kept.IsDisposed, "It has no native array of its own.");
    }

    [Test]
    public void ValuesInsideTheFunctionCanBeRead()
    {
        using MlxArray x = MlxArray.Scalar(3f);
        using MlxArray gradient = Mx.Grad((MlxArray a) => a.Item<float>() > 2 ? a * a : a)(x);
        Assert.That(gradient.Item<float>(), Is.EqualTo(6));
    }

    [Test]
    public void VjpAndJvpMultiplyWithTheJacobian()
    {
        using MlxArray x = MlxArray.Create<float>([1, 2], 2);
        using MlxArray v = MlxArray.Create<float>([10, 100], 2);
        (MlxArray output, MlxArray vjp) = Mx.Vjp(a => a * a, x, v);
        Assert.That(output.ToArray<float>(), Is.EqualTo(new float[] { 1, 4 }));
        Assert.That(vjp.ToArray<float>(), Is.EqualTo(new float[] { 20, 400 }));
        (output, MlxArray jvp) = Mx.Jvp(a => a * a, x, v);
        Assert.That(jvp.ToArray<float>(), Is.EqualTo(new float[] { 20, 400 }));
        (MlxArray[] outputs, MlxArray[] vjps) = Mx.Vjp(a => [a[0] * a[1], a[0] + a[1]], [x, x], [v, v]);
        Assert.That(outputs, Has.Length.EqualTo(2));
        Assert.That(vjps[0].ToArray<float>(), Is.EqualTo(new float[] { 20, 300 }));
        Assert.That(() => Mx.Vjp(a => [a[0]], [x], []), Throws.TypeOf<MlxException>());
    }

    [Test]
    public void TransformsOnSeveralThreadsTakeTurns()
    {
        var gradient = Mx.Grad((MlxArray a) => (a * a * a).Sum());
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using MlxArray x = MlxArray.Create<float>([i], 1);
            using MlxArray g = gradient(x);
            Assert.That(g.ToArray<float>()[0], Is.EqualTo(3f * i * i));
        });
    }

    private static MlxArray Fail() => throw new FormatException("100 %s%n");

    private static (MlxArray, (MlxArray[], Tree), MlxArray) Unpack((MlxArray Value, Box Auxiliary, MlxArray Gradients) result) =>
        (result.Value, (result.Auxiliary.Several, result.Auxiliary.Tree), result.Gradients);

    private sealed record Box(MlxArray[] Several, Tree Tree);
}
