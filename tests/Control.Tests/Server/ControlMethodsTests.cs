using System.Reflection;
using Dataplane.Contracts;
using Dataplane.Contracts.V1;
using Dataplane.Control.Server.Grpc;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>The .proto decides which rpcs there are: the hand-written lists must agree with it.</summary>
public sealed class ControlMethodsTests
{
    [Fact]
    public void EveryRpcOfTheProtoIsServedWithItsTypes()
    {
        var service = ControlReflection.Descriptor.Services.Single();
        Assert.Equal(ControlMethods.ServiceName, service.FullName);
        var rpcs = ControlRpcs.Bind(new FakeControlService());
        Assert.Equal(
            service.Methods.Select(method => $"/{service.FullName}/{method.Name} stream={method.IsServerStreaming}").Order(),
            rpcs.Values.Select(rpc => $"{rpc.Path} stream={rpc.IsServerStreaming}").Order());
        foreach (var method in service.Methods)
        {
            var field = typeof(ControlMethods).GetField(method.Name, BindingFlags.Public | BindingFlags.Static)!;
            Assert.Equal([method.InputType.ClrType, method.OutputType.ClrType], field.FieldType.GetGenericArguments());
            Assert.False(method.IsClientStreaming);
        }
    }
}
