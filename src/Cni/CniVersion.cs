namespace Dataplane.Cni;

/// <summary>Versions of the CNI specification that are spoken here.</summary>
internal sealed class CniVersion
{
    /// <summary>The first with results of interfaces and addresses, which are those of all later ones but for details.</summary>
    public static readonly CniVersion V0_3_0 = new("0.3.0", 0);

    public static readonly CniVersion V0_3_1 = new("0.3.1", 1);

    /// <summary>Adds CHECK.</summary>
    public static readonly CniVersion V0_4_0 = new("0.4.0", 2);

    /// <summary>Takes "version" from addresses.</summary>
    public static readonly CniVersion V1_0_0 = new("1.0.0", 3);

    /// <summary>Adds STATUS and GC, and the MTU of routes.</summary>
    public static readonly CniVersion V1_1_0 = new("1.1.0", 4);

    private readonly int _rank;

    private CniVersion(string text, int rank) => (Text, _rank) = (text, rank);

    /// <summary>All, oldest first.</summary>
    public static IReadOnlyList<CniVersion> All { get; } = [V0_3_0, V0_3_1, V0_4_0, V1_0_0, V1_1_0];

    /// <summary>What we speak when nobody asks for another.</summary>
    public static CniVersion Newest => All[^1];

    /// <summary>As it is written in "cniVersion".</summary>
    public string Text { get; }

    /// <summary>The version of that name, or null.</summary>
    public static CniVersion? Find(string? text) => All.FirstOrDefault(version => version.Text == text);

    /// <summary>Whether this is <paramref name="other"/> or came after it.</summary>
    public bool IsAtLeast(CniVersion other) => _rank >= other._rank;

    /// <inheritdoc/>
    public override string ToString() => Text;
}
