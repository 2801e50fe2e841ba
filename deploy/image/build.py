#!/usr/bin/env python3
"""Makes the container image as a file to import, from artifacts/bin, the machine's .NET runtime and Debian libraries.

usage: build.py ROOT OUT NAME
ROOT is the repository, OUT the file, NAME the image's name with tag. Three layers, the most constant one lowest: system, runtime, programs.
"""
import glob
import os
import re
import subprocess
import sys

from archive import Layer, write

# What the init containers' scripts use.
TOOLS = ["sh", "cat", "cp", "mv", "mkdir", "rm", "sleep"]
# What .NET's launcher and native parts are linked to, and what is opened at run time: AF_XDP, TLS, name services.
LIBRARIES = ["libc.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libxdp.so.1", "libssl.so.3", "libcrypto.so.3", "libstdc++.so.6", "libgcc_s.so.1", "libz.so.1",
             "libnss_files.so.2", "libnss_dns.so.2"]
DISPATCHER = "bpf/xdp-dispatcher.o"
DOTNET = "usr/share/dotnet"
FRAMEWORKS = ["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"]
PROGRAMS = ["dataplane", "dataplane-agent", "dpctl"]


def known_libraries():
    """Path of each shared library of the machine."""
    listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    paths = {}
    for name, path in re.findall(r"^\s+(\S+) \(libc6,(?:x86-64|AArch64)[^)]*\) => (\S+)$", listing, re.MULTILINE):
        paths.setdefault(name, path)
    return paths


def system():
    layer = Layer()
    layer.add("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    layer.add("etc/group", b"root:x:0:\n")
    layer.add("etc/nsswitch.conf", b"hosts: files dns\n")
    layer.folder("tmp", 0o1777)
    layer.folder("run")
    layer.link("var/run", "/run")
    for name in TOOLS:
        layer.program(f"bin/{name}", os.path.realpath(f"/bin/{name}"))
    paths = known_libraries()
    for name in LIBRARIES:
        path = os.path.realpath(paths[name])
        layer.add(f"lib/{os.path.basename(os.path.dirname(path))}/{name}", path, 0o755)
        layer.needed_by(path)
    dispatcher = glob.glob(f"/usr/lib/*-linux-gnu/{DISPATCHER}") + glob.glob(f"/usr/lib/{DISPATCHER}")
    layer.add(dispatcher[0].lstrip("/"), dispatcher[0])
    return layer


def runtime():
    """The newest .NET 10 runtime of the machine; programs that are one file each start by it."""
    layer = Layer()
    listing = subprocess.run(["dotnet", "--list-runtimes"], capture_output=True, text=True, check=True).stdout
    for name in FRAMEWORKS:
        found = re.findall(rf"^{re.escape(name)} (10\.\d+\.\d+) \[(.+)\]$", listing, re.MULTILINE)
        version, folder = max(found, key=lambda pair: [int(part) for part in pair[0].split(".")])
        layer.tree(f"{DOTNET}/shared/{name}/{version}", f"{folder}/{version}")
        if name == FRAMEWORKS[0]:
            host = f"host/fxr/{version}"
            layer.tree(f"{DOTNET}/{host}", os.path.join(os.path.dirname(os.path.dirname(folder)), host))
    return layer


def programs(root):
    layer = Layer()
    for name in PROGRAMS:
        layer.add(f"usr/bin/{name}", f"{root}/artifacts/bin/{name}", 0o755)
    layer.add("opt/cni/bin/dataplane-cni", f"{root}/artifacts/cni/dataplane-cni", 0o755)
    return layer


def main(root, out, name):
    os.makedirs(os.path.dirname(out), exist_ok=True)
    environment = [f"DOTNET_ROOT=/{DOTNET}", "DOTNET_EnableDiagnostics=0"]
    write(out, [name], [system(), runtime(), programs(root)], command=["/usr/bin/dataplane", "run"], environment=environment)
    print(f"{out}: {name}, {os.path.getsize(out) // 1_000_000} MB")


main(*sys.argv[1:])
