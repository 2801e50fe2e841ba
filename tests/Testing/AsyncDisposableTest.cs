using Xunit;

namespace Dataplane.Testing;

/// <summary>A test class that is disposed of by awaiting: xunit 2 passes over a plain <see cref="IAsyncDisposable"/>.</summary>
public abstract class AsyncDisposableTest : IAsyncLifetime, IAsyncDisposable
{
    public abstract ValueTask DisposeAsync();

    Task IAsyncLifetime.InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
