"""A client of the control service on Google's gRPC library: client.py ADDRESS DESCRIPTORS CASE prints what the case saw."""
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

address, descriptors, case = sys.argv[1:]

pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)
service = pool.FindServiceByName("dataplane.v1.Control")
factory = message_factory.MessageFactory(pool)


def message(name):
    return factory.GetPrototype(pool.FindMessageTypeByName("dataplane.v1." + name))


def rpc(channel, name):
    method = service.FindMethodByName(name)
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    return make(
        f"/dataplane.v1.Control/{name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=factory.GetPrototype(method.output_type).FromString,
    )


def raw(channel, name):
    return channel.unary_unary(f"/dataplane.v1.Control/{name}")


def unary(channel):
    status = rpc(channel, "GetStatus")(message("GetStatusRequest")())
    return f"{status.node_name} {status.version.version} {status.ready}"


def refusal(channel):
    return rpc(channel, "Sync")(message("SyncRequest")())


def failure(channel):
    return rpc(channel, "AttachEndpoint")(message("AttachEndpointRequest")(pod="boom"))


def stream(channel):
    rows = list(rpc(channel, "ListConntrack")(message("ListConntrackRequest")(address="100000")))
    assert [row.source_port for row in rows] == list(range(100000))
    return f"{len(rows)} rows"


def slow_stream(channel):
    return ",".join(port.name for port in rpc(channel, "ListPorts")(message("ListRequest")()))


def empty_stream(channel):
    return f"{len(list(rpc(channel, 'ListEndpoints')(message('ListRequest')())))} rows"


def broken_stream(channel):
    for row in rpc(channel, "ListDrops")(message("ListRequest")()):
        print(row.reason)


def refused_stream(channel):
    return list(rpc(channel, "ListIpcache")(message("ListRequest")()))


def deadline(channel):
    return rpc(channel, "Update")(message("UpdateRequest")(), timeout=0.3)


def unknown_method(channel):
    return raw(channel, "Nope")(b"")


def large(channel):
    return rpc(channel, "FlushConntrack")(message("FlushConntrackRequest")(address="a" * 1_000_000)).removed


def too_large(channel):
    return rpc(channel, "FlushConntrack")(message("FlushConntrackRequest")(address="a" * 2_000_000))


def malformed(channel):
    return raw(channel, "Sync")(b"\xff\xff\xff")


def compressed(channel):
    return rpc(channel, "FlushConntrack")(
        message("FlushConntrackRequest")(address="a" * 10_000), compression=grpc.Compression.Gzip
    )


def cancel(channel):
    events = rpc(channel, "WatchFlows")(message("WatchFlowsRequest")(max_events=3))
    print(",".join(str(next(events).time) for _ in range(3)))
    events.cancel()
    return next(events)


def concurrent(channel):
    call, request = rpc(channel, "Sync"), message("SyncRequest")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda i: call(request(generation=i)).generation, range(1, 301)))
    assert answers == list(range(1, 301))
    return f"{len(answers)} answers"


with grpc.insecure_channel(address) as channel:
    try:
        print(globals()[case](channel))
    except grpc.RpcError as error:
        print(error.code().name, error.details())
