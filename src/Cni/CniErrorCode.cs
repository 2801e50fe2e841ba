namespace Dataplane.Cni;

/// <summary>Codes of the specification ("Error"), which runtimes act on, and from 100 our own.</summary>
internal enum CniErrorCode
{
    /// <summary>cniVersion is none that we know, or too old for the command.</summary>
    IncompatibleVersion = 1,

    /// <summary>The configuration asks for something that is not to be had; the message has key and value.</summary>
    UnsupportedField = 2,

    /// <summary>The container is not there; nothing needs to be cleaned up.</summary>
    UnknownContainer = 3,

    /// <summary>A CNI_ variable is missing or bad; the message has its name.</summary>
    InvalidEnvironment = 4,

    /// <summary>Reading or writing failed.</summary>
    IoFailure = 5,

    /// <summary>The configuration is no JSON object.</summary>
    DecodingFailure = 6,

    /// <summary>A key of the configuration has a value that cannot be used.</summary>
    InvalidConfiguration = 7,

    /// <summary>The same call may work a little later.</summary>
    TryAgainLater = 11,

    /// <summary>STATUS: pods cannot be attached now.</summary>
    NotAvailable = 50,

    /// <summary>STATUS: pods cannot be attached now, and those that are have no connectivity either.</summary>
    LimitedConnectivity = 51,

    /// <summary>The dataplane or an IPAM plugin failed at what was asked of it.</summary>
    Failed = 100,

    /// <summary>CHECK: the pod's interface is not as ADD left it.</summary>
    CheckFailed = 101,
}
