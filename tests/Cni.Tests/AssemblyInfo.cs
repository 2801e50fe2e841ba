using Xunit;

// Tests with real nodes use the machine's few cores; two at once would only disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
