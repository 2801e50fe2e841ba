using Xunit;

// Every test here uses real processes and the machine's few cores; two at once would only disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
