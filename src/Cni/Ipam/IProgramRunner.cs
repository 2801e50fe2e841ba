namespace Dataplane.Cni.Ipam;

/// <summary>Runs other plugins; a test puts its own in the place of the processes.</summary>
internal interface IProgramRunner
{
    /// <summary>Runs a program to its end, in our environment but for some variables. What it writes to standard error goes to ours.</summary>
    /// <param name="path">The program.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="changed">Variables that differ from ours; the last of a name counts.</param>
    /// <returns>Exit code and standard output.</returns>
    /// <exception cref="CniException">Code 5: it cannot be started. Code 11: it did not end in time.</exception>
    (int ExitCode, string Output) Run(string path, string input, IReadOnlyList<KeyValuePair<string, string>> changed);
}
