using Microsoft.Extensions.Logging;

namespace DotMlx.Bindings.Tests.Support;

/// <summary>Passes every log entry to a function as one line.</summary>
internal sealed class LineLoggerProvider(Action<string> line) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        line($"{logLevel}: {formatter(state, exception)}");

    public void Dispose()
    {
    }
}
