namespace Dataplane.Cni;

/// <summary>A command that fails, as the runtime is told of it.</summary>
/// <param name="code">What kind of failure; a code of an IPAM plugin is handed on as it is.</param>
/// <param name="message">Short: what is wrong, with what value.</param>
/// <param name="details">Long: what to do about it. May be empty.</param>
/// <param name="cause">For debuggers.</param>
internal sealed class CniException(CniErrorCode code, string message, string details = "", Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The code.</summary>
    public CniErrorCode Code => code;

    /// <summary>What to do about it.</summary>
    public string Details => details;
}
