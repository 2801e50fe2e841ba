"""Container images without a container engine: writes docker-archive files, which `docker load` and `ctr images import` read.

The same input gives the same bytes: files are sorted, and have no time and no owner but root.
"""
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NO_TIME = "1970-01-01T00:00:00Z"


class Layer:
    """Files of one layer, by their path without a leading slash."""

    def __init__(self):
        self._entries = {}

    def add(self, path, source, mode=None):
        """A file: with the content of the file `source`, or with these bytes."""
        if not isinstance(source, bytes):
            mode = mode or (0o755 if os.access(source, os.X_OK) else 0o644)
            with open(source, "rb") as file:
                source = file.read()
        self._put(path, tarfile.REGTYPE, mode or 0o644, content=source)

    def link(self, path, target):
        self._put(path, tarfile.SYMTYPE, 0o777, target=target)

    def folder(self, path, mode=0o755):
        self._put(path, tarfile.DIRTYPE, mode)

    def tree(self, path, source):
        """A folder with all that is in it."""
        for at, _, names in os.walk(source):
            for name in names:
                relative = os.path.relpath(os.path.join(at, name), source)
                self.add(f"{path}/{relative}", os.path.join(at, name))

    def program(self, path, source, libraries=()):
        """A program, and the shared libraries it is linked to; those in the folders `libraries` come first."""
        self.add(path, source, 0o755)
        self.needed_by(source, libraries)

    def needed_by(self, source, libraries=()):
        """The shared libraries that a program or library is linked to."""
        environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
        listing = subprocess.run(["ldd", source], capture_output=True, text=True, env=environment, check=True).stdout
        if "not found" in listing:
            raise FileNotFoundError(f"{source}: {listing}")
        for found in re.findall(r"(/\S+) \(0x", listing):
            self.add(library_path(found), os.path.realpath(found), 0o755)

    def has(self, path):
        return path in self._entries

    def _put(self, path, kind, mode, content=b"", target=""):
        parent = os.path.dirname(path)
        if parent and parent not in self._entries:
            self.folder(parent)
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.linkname, entry.size = kind, mode, target, len(content)
        self._entries[path] = (entry, content)

    def tar(self):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(self._entries):
                entry, content = self._entries[path]
                archive.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


def library_path(found):
    """Where a library has to be in an image: the loader looks for itself at one place, and for others in the architecture's folder."""
    name = os.path.basename(found)
    if name.startswith("ld-linux"):
        return f"lib64/{name}" if platform.machine() == "x86_64" else f"lib/{name}"
    return f"lib/{platform.machine()}-linux-gnu/{name}"


def write(out, names, layers, entrypoint=None, command=None, environment=(), ports=(), labels=None):
    """Writes the image file `out`; `names` are its names with tags, `layers` the lowest first."""
    tars = [layer.tar() for layer in layers]
    digests = [hashlib.sha256(tar).hexdigest() for tar in tars]
    config = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "created": NO_TIME,
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *environment],
            "Entrypoint": entrypoint,
            "Cmd": command,
            "WorkingDir": "/",
            "ExposedPorts": {f"{port}/tcp": {} for port in ports},
            "Labels": labels or {},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": NO_TIME} for _ in layers],
    }
    description = json.dumps(config, sort_keys=True).encode()
    name = hashlib.sha256(description).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": list(names), "Layers": [f"{digest}/layer.tar" for digest in digests]}]

    image = Layer()
    image.add(name, description)
    image.add("manifest.json", json.dumps(manifest).encode())
    for digest, tar in zip(digests, tars):
        image.add(f"{digest}/layer.tar", tar)
    with open(out + ".new", "wb") as file:
        file.write(image.tar())
    os.replace(out + ".new", out)
