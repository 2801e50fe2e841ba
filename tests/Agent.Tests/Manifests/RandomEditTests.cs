using Dataplane.Agent.Manifests;

namespace Dataplane.Agent.Tests.Manifests;

/// <summary>A directory that is told which names changed comes to what the plain rules say, and to what one that reads everything finds.</summary>
public sealed class RandomEditTests : IDisposable
{
    private static readonly string[] Files = ["a.yaml", "b.yaml", "c.yaml", "d.yaml"];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Edits_in_any_order_come_to_what_the_rules_say(int seed)
    {
        var random = new Random(seed);
        var told = new ManifestDirectory(_directory.Path, Log.None);
        var scanning = new ManifestDirectory(_directory.Path, Log.None);
        var plain = new PlainDirectory();
        var version = 0;
        for (var round = 0; round < 300; round++)
        {
            var names = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Files[random.Next(Files.Length)]).Distinct().ToList();
            foreach (var file in names)
                Edit(file);
            // The scanner trusts no stamp that young, and so reads all; now and then the other does, too.
            var scan = random.Next(10) == 0 ? told.Scan() : told.Scan(names);
            var expected = plain.Scan();
            Assert.True(
                expected.Select(e => $"{e.Key}={e.Value}").SequenceEqual(Owners(scan)),
                $"seed {seed}, round {round}: expected {string.Join(' ', expected)}, got {string.Join(' ', Owners(scan))}");
            Assert.Equal(Owners(scan), Owners(scanning.Scan()));
            Assert.False(told.Scan(names).Changed);
        }

        void Edit(string file)
        {
            var kind = random.Next(8);
            if (kind == 0)
            {
                File.Delete(_directory[file]);
                plain.Delete(file);
                return;
            }
            string[] names = [.. Enumerable.Range(0, 8).Where(_ => random.Next(6) == 0).Select(i => $"x{i}")];
            plain.Write(file, kind == 1 ? null : names);
            // A label tells whose version of an object it is; the text differs each time, so that it is a new version.
            _directory.Write(file, kind == 1
                ? $"kind: [ # {version++}"
                : $"# {version++}\n" + string.Concat(names.Select(n => $"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}, labels: {{file: {file}}}}}\n")));
        }
    }

    [Fact]
    public void A_name_that_is_told_is_read_even_if_its_stamp_is_the_old_one()
    {
        var old = DateTime.UtcNow.AddHours(-1);
        _directory.Write("a.yaml", Names.Namespaces("a"));
        File.SetLastWriteTimeUtc(_directory["a.yaml"], old);
        var manifests = new ManifestDirectory(_directory.Path, Log.None);
        Assert.Equal("a", Names.Of(manifests.Scan().Objects));
        _directory.Write("a.yaml", Names.Namespaces("b"));
        File.SetLastWriteTimeUtc(_directory["a.yaml"], old);
        Assert.Equal("b", Names.Of(manifests.Scan(["a.yaml"]).Objects));
    }

    [Fact]
    public void A_hidden_name_is_about_every_file_only_where_files_are_links()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        var manifests = new ManifestDirectory(_directory.Path, Log.None);
        manifests.Scan();
        _directory.Write("a.yaml", Names.Namespaces("b"));
        Assert.Equal("a", Names.Of(manifests.Scan([".a.yaml.new"]).Objects));
        using var elsewhere = new TemporaryDirectory();
        elsewhere.Write("target", Names.Namespaces("c"));
        File.CreateSymbolicLink(_directory["c.yaml"], elsewhere["target"]);
        Assert.Equal("b c", Names.Of(manifests.Scan().Objects));
        elsewhere.Write("target", Names.Namespaces("d"));
        Assert.Equal("b d", Names.Of(manifests.Scan(["..data"]).Objects));
    }

    [Fact]
    public void Names_of_a_directory_that_vanished_leave_its_objects_in_force()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _directory.Write("b.yaml", Names.Namespaces("b"));
        var manifests = new ManifestDirectory(_directory.Path, Log.None);
        manifests.Scan();
        _directory.Write("a.yaml", Names.Namespaces("a2"));
        Directory.Move(_directory.Path, _directory.Path + ".away");
        var scan = manifests.Scan(["a.yaml", "b.yaml"]);
        Directory.Move(_directory.Path + ".away", _directory.Path);
        Assert.Equal("a b", Names.Of(scan.Objects));
        Assert.Equal("a2 b", Names.Of(manifests.Scan(["a.yaml"]).Objects));
    }

    [Fact]
    public void A_change_of_one_file_among_many_allocates_for_that_file()
    {
        for (var i = 0; i < 2000; i++)
            _directory.Write($"f{i}.yaml", Names.Namespaces($"n{i}"));
        var manifests = new ManifestDirectory(_directory.Path, Log.None);
        manifests.Scan();
        Rewrite("m1");
        Rewrite("m2");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var objects = Rewrite("m3").Objects;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(2000, objects.Namespaces.Count);
        // Reading and parsing one small file is most of it; a list of all paths alone would be more.
        Assert.True(allocated < 100_000, $"{allocated} bytes");

        ScanResult Rewrite(string name)
        {
            _directory.Write("f1000.yaml", Names.Namespaces(name));
            return manifests.Scan(["f1000.yaml"]);
        }
    }

    private static List<string> Owners(ScanResult scan) =>
        [.. scan.Objects.Namespaces.Select(n => $"{n.Meta.Name}={n.Meta.Labels.Find("file")}")];
}
