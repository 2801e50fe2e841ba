using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>The kernel's refusal of a request: errno and the text of the extended ack.</summary>
internal sealed record NetlinkFailure(Errno Errno, string? KernelText)
{
    /// <summary>Decodes NLMSG_ERROR (struct nlmsgerr) or NLMSG_DONE; null when it reports success.</summary>
    internal static NetlinkFailure? Decode(NlMsgHdr header, ReadOnlySpan<byte> body)
    {
        // NLMSG_DONE of an old kernel has no body.
        if (header.Type == Nl.NLMSG_DONE && body.IsEmpty) return null;
        var error = NetlinkMessages.Head<int>(body);
        if (error >= 0) return null;

        string? text = null;
        if ((header.Flags & Nl.NLM_F_ACK_TLVS) != 0)
        {
            foreach (var attribute in new NetlinkAttributes(body[AttributesOffset(header, body)..]))
                if (attribute.Type == Nl.NLMSGERR_ATTR_MSG) text = attribute.Text;
        }

        return new NetlinkFailure((Errno)(-error), text);
    }

    internal NetlinkException ToException(string operation, string? remedy = null) => new(operation, Errno, KernelText, remedy);

    private static int AttributesOffset(NlMsgHdr header, ReadOnlySpan<byte> body)
    {
        if (header.Type == Nl.NLMSG_DONE) return sizeof(int);
        // The error is followed by the header of our request and, unless capped, by the whole request.
        var request = NetlinkMessages.Head<NlMsgHdr>(body[sizeof(int)..]);
        var echoed = (header.Flags & Nl.NLM_F_CAPPED) != 0 ? NlMsgHdr.Size : (int)Math.Min((request.Length + 3) & ~3u, int.MaxValue / 2);
        return sizeof(int) + echoed <= body.Length
            ? sizeof(int) + echoed
            : throw NetlinkException.Malformed($"an error of {body.Length} bytes that echoes {echoed}");
    }
}
