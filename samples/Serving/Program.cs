using DotMlx;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;
using Microsoft.AspNetCore.RateLimiting;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddSingleton<Predictor>();
builder.Services.AddHostedService<Trainer>();
builder.Services.AddRateLimiter(limits =>
{
    limits.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
    limits.AddConcurrencyLimiter("predictions", limit =>
    {
        limit.PermitLimit = builder.Configuration.GetValue("permits", Environment.ProcessorCount);
        limit.QueueLimit = builder.Configuration.GetValue("queue", 64);
    });
});

WebApplication app = builder.Build();
app.UseRateLimiter();
app.MapGet("/status", (Predictor predictor) => Results.Ok(new { predictor.Current.Step, predictor.Current.Loss }));
app.MapPost("/predictions", async (float[][] points, Predictor predictor, CancellationToken cancellation) =>
        points.Length is 0 or > 10_000 || Array.Exists(points, point => point.Length != 2)
            ? Results.BadRequest("Send from 1 to 10,000 points of two numbers each: [[0.5, -1], [2, 0]].")
            : Results.Ok(await predictor.PredictAsync(points, cancellation)))
    .RequireRateLimiting("predictions");
app.Run();

/// <summary>Tells whether a point is inside the unit circle.</summary>
internal sealed partial class Circle : Module
{
    public Linear First { get; } = new(2, 32);
    public Linear Last { get; } = new(32, 1);

    public MlxArray Forward(MlxArray x) => Last.Forward(Mx.Tanh(First.Forward(x)));
}

/// <summary>A complete model that no longer changes.</summary>
internal sealed record Published(Circle Model, int Step, float Loss);

internal sealed record Prediction(int Step, float[] Inside);

/// <summary>Answers with the most recently published model.</summary>
internal sealed class Predictor
{
    private volatile Published _current = new((Circle)new Circle().Eval(), 0, float.NaN);

    public Published Current => _current;

    public void Publish(Circle model, int step, float loss) =>
        _current = new Published((Circle)new Circle().Update(model.Snapshot()).Eval(), step, loss);

    public async Task<Prediction> PredictAsync(float[][] points, CancellationToken cancellation)
    {
        // The field is read once, because the trainer may publish another model in the meantime.
        Published published = _current;
        using MlxScope scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([.. points.SelectMany(point => point)], points.Length, 2);
        MlxArray inside = Mx.Sigmoid(published.Model.Forward(x));
        await inside.EvalAsync(cancellation);
        return new Prediction(published.Step, inside.ToArray<float>());
    }
}

/// <summary>Trains on new examples, and publishes the model at regular intervals.</summary>
internal sealed class Trainer(Predictor predictor, IConfiguration configuration) : BackgroundService
{
    private const int PublishEvery = 50;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => Train(stoppingToken), stoppingToken);

    private void Train(CancellationToken stopping)
    {
        int steps = configuration.GetValue("steps", 5_000);
        var model = new Circle();

        // Compiling on a CPU requires a C++ compiler, which servers rarely have.
        using TrainingStep step = TrainingStep.Create(
            model, new Adam(1e-2), (x, y) => Losses.BinaryCrossEntropy(model.Forward(x), y), new() { Compiled = false });
        for (int i = 1; i <= steps && !stopping.IsCancellationRequested; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray x = Mx.Random.Uniform(-2, 2, [128, 2]);
            float loss = step.Run(x, Mx.Less(Mx.Sum(Mx.Square(x), axis: 1, keepdims: true), 1).AsType(DType.Float32));
            if (i % PublishEvery == 0)
            {
                predictor.Publish(model, i, loss);
            }
        }
    }
}
