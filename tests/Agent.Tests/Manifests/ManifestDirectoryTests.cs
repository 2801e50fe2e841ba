using Dataplane.Agent.Manifests;

namespace Dataplane.Agent.Tests.Manifests;

/// <summary>What a scan makes of good, bad, changed and vanished files.</summary>
public sealed class ManifestDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingWriter _log = new();
    private readonly ManifestDirectory _manifests;

    public ManifestDirectoryTests() => _manifests = new ManifestDirectory(_directory.Path, new Log(_log));

    public void Dispose()
    {
        _directory.Dispose();
        _log.Dispose();
    }

    [Fact]
    public void Files_of_three_extensions_are_read_and_hidden_ones_and_folders_are_not()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _directory.Write("b.yml", Names.Namespaces("b"));
        _directory.Write("c.json", "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"c\"}}");
        _directory.Write(".d.yaml", Names.Namespaces("d"));
        _directory.Write("e.yaml~", Names.Namespaces("e"));
        _directory.Write("README.md", "not yaml: [");
        Directory.CreateDirectory(_directory["f.yaml"]);
        Assert.Equal("a b c", Scan());
    }

    [Fact]
    public void An_unchanged_directory_is_no_change_and_keeps_its_instances()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _directory.Write("b.yaml", Names.Namespaces("b"));
        var first = _manifests.Scan();
        Assert.True(first.Changed);
        var second = _manifests.Scan();
        Assert.False(second.Changed);
        _directory.Write("b.yaml", Names.Namespaces("b", "c"));
        var third = _manifests.Scan();
        Assert.Same(first.Objects.Namespaces[0], third.Objects.Namespaces[0]);
        Assert.Same(first.Objects.Pods, third.Objects.Pods);
    }

    [Fact]
    public void A_touched_file_with_the_same_text_is_no_change()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _manifests.Scan();
        File.SetLastWriteTimeUtc(_directory["a.yaml"], DateTime.UtcNow.AddSeconds(-30));
        Assert.False(_manifests.Scan().Changed);
    }

    [Fact]
    public void An_edit_that_keeps_length_and_time_is_seen_while_the_file_is_young()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _manifests.Scan();
        var time = File.GetLastWriteTimeUtc(_directory["a.yaml"]);
        _directory.Write("a.yaml", Names.Namespaces("b"));
        File.SetLastWriteTimeUtc(_directory["a.yaml"], time);
        Assert.Equal("b", Scan());
    }

    [Fact]
    public void Of_a_bad_file_the_last_good_version_stays_and_the_rest_moves_on()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _directory.Write("b.yaml", Names.Namespaces("b"));
        Scan();
        _directory.Write("a.yaml", Names.Namespaces("a2", "Bad"));
        _directory.Write("b.yaml", Names.Namespaces("b2"));
        Assert.Equal("a b2", Scan());
        Assert.Contains($"error {_directory["a.yaml"]}:8:18: metadata.name: \"Bad\" is not a valid object name", _log.Text, StringComparison.Ordinal);
        _directory.Write("a.yaml", Names.Namespaces("a2", "good"));
        Assert.Equal("a2 b2 good", Scan());
        Assert.Contains("is good again", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_is_reported_once_per_change()
    {
        _directory.Write("a.yaml", Names.Namespaces("Bad"));
        Scan();
        Scan();
        File.SetLastWriteTimeUtc(_directory["a.yaml"], DateTime.UtcNow.AddSeconds(-30));
        Scan();
        Assert.Equal(1, Count("is not a valid object name"));
        _directory.Write("a.yaml", Names.Namespaces("Worse"));
        Scan();
        Assert.Equal(2, Count("is not a valid object name"));
        Assert.Single(_manifests.Scan().Errors);
    }

    [Fact]
    public void A_truncated_file_does_not_take_its_objects_away_and_a_deleted_one_does()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Scan();
        _directory.Write("a.yaml", "");
        Assert.Equal("a", Scan());
        File.Delete(_directory["a.yaml"]);
        Assert.Equal("", Scan());
    }

    [Fact]
    public void A_comment_is_the_way_to_an_empty_file()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Scan();
        _directory.Write("a.yaml", "# off for now\n");
        Assert.Equal("", Scan());
    }

    [Fact]
    public void An_object_in_two_files_is_an_error_that_names_both_and_the_first_stays()
    {
        _directory.Write("b.yaml", Names.Namespaces("x", "b"));
        Scan();
        // Sorts before the file that has the object already: that does not help it.
        _directory.Write("a.yaml", Names.Namespaces("x", "a"));
        Assert.Equal("b x", Scan());
        Assert.Equal("b x", Scan());
        var error = Assert.Single(_manifests.Scan().Errors);
        Assert.Equal($"{_directory["a.yaml"]}:2:1: Namespace x is already in {_directory["b.yaml"]}:2; keep one of them", error.ToString());
        _directory.Write("b.yaml", Names.Namespaces("b"));
        Assert.Equal("a b x", Scan());
    }

    [Fact]
    public void An_object_may_move_to_another_file_in_either_order()
    {
        _directory.Write("a.yaml", Names.Namespaces("x", "a"));
        _directory.Write("b.yaml", Names.Namespaces("b"));
        Scan();
        _directory.Write("b.yaml", Names.Namespaces("x", "b"));
        Assert.Equal("a b x", Scan());
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Assert.Equal("a b x", Scan());
        Assert.Empty(_manifests.Scan().Errors);
    }

    [Fact]
    public void A_good_file_takes_an_object_over_from_the_old_version_of_a_bad_one()
    {
        _directory.Write("a.yaml", Names.Namespaces("x", "a"));
        Scan();
        _directory.Write("a.yaml", "kind: [");
        _directory.Write("b.yaml", Names.Namespaces("x", "b"));
        var scan = _manifests.Scan();
        Assert.Equal("a b x", Names.Of(scan.Objects));
        Assert.All(scan.Errors, e => Assert.Equal(_directory["a.yaml"], e.File));
    }

    [Fact]
    public void A_bad_file_that_may_hold_a_policy_is_known()
    {
        _directory.Write("a.yaml", Names.Namespaces("Bad"));
        Assert.False(_manifests.Scan().MayHidePolicy);
        _directory.Write("b.yaml", "kind: NetworkPolicy\nmetadata: [");
        Assert.True(_manifests.Scan().MayHidePolicy);
        _directory.Write("b.yaml", "# gone\n");
        Assert.False(_manifests.Scan().MayHidePolicy);
    }

    [Fact]
    public void Bytes_that_are_not_text_are_a_bad_file()
    {
        File.WriteAllBytes(_directory["a.yaml"], [0xff, 0xfe, 0x00]);
        Assert.Equal($"{_directory["a.yaml"]}: is not UTF-8 text", Assert.Single(_manifests.Scan().Errors).ToString());
        File.WriteAllBytes(_directory["a.yaml"], [0xef, 0xbb, 0xbf, .. System.Text.Encoding.UTF8.GetBytes(Names.Namespaces("a"))]);
        Assert.Equal("a", Scan());
    }

    [Fact]
    public void A_directory_that_vanishes_leaves_its_objects_in_force()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Scan();
        Directory.Move(_directory.Path, _directory.Path + ".away");
        var scan = _manifests.Scan();
        Directory.Move(_directory.Path + ".away", _directory.Path);
        Assert.Equal("a", Names.Of(scan.Objects));
        Assert.Contains("cannot be listed", Assert.Single(scan.Errors).Reason, StringComparison.Ordinal);
        Assert.Equal("a", Scan());
    }

    [Fact]
    public void Links_are_followed_and_their_swap_is_seen()
    {
        // The layout of a mounted ConfigMap.
        Directory.CreateDirectory(_directory["..1"]);
        Directory.CreateDirectory(_directory["..2"]);
        File.WriteAllText(_directory["..1/a.yaml"], Names.Namespaces("one"));
        File.WriteAllText(_directory["..2/a.yaml"], Names.Namespaces("two"));
        Directory.CreateSymbolicLink(_directory["..data"], "..1");
        File.CreateSymbolicLink(_directory["a.yaml"], "..data/a.yaml");
        Assert.Equal("one", Scan());
        Directory.Delete(_directory["..data"]);
        Directory.CreateSymbolicLink(_directory["..data"], "..2");
        Assert.Equal("two", Scan());
    }

    private string Scan() => Names.Of(_manifests.Scan().Objects);

    private int Count(string text) => _log.Text.Split(text).Length - 1;
}
