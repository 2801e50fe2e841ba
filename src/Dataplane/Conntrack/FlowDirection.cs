namespace Dataplane.Conntrack;

/// <summary>Which way of its flow a packet goes.</summary>
public enum FlowDirection : byte
{
    Original = 0,
    Reply = 1,
}
