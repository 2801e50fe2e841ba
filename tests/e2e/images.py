#!/usr/bin/env python3
"""Makes the images that the tests run in pods, as files to import.

usage: images.py FOLDER [--upstream]
FOLDER is that of build-kubernetes: programs in bin, unpacked Debian packages in debian; the images go to images. Ours have names of the host
`localhost`; with --upstream they get the names that upstream's e2e.test asks for as well, in its own words (`--list-images`).
"""
import glob
import os
import platform
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(root, "deploy", "image"))
from archive import Layer, write  # noqa: E402

folder = sys.argv[1]
upstream = "--upstream" in sys.argv
programs = f"{folder}/bin"
debian = f"{folder}/debian"
busybox = f"{debian}/bin/busybox"
libraries = [f"{debian}/usr/lib/{platform.machine()}-linux-gnu", f"{debian}/lib/{platform.machine()}-linux-gnu"]

# Busybox of Debian 12 has a wget that crashes with a time-out (-T) and an nc without -z; what agnhost's scripts use comes from the real packages.
REAL_TOOLS = {"bin/bash": "/bin/bash", "bin/sh": "/bin/dash", "usr/bin/curl": "/usr/bin/curl", "usr/bin/getent": "/usr/bin/getent",
              "bin/ss": "/bin/ss", "sbin/ip": "/sbin/ip", "usr/bin/wget": f"{debian}/usr/bin/wget", "usr/bin/nc": f"{debian}/bin/nc.openbsd"}
NETWORK_TOOLS = ["dig", "nslookup", "iperf"]


def system(layer):
    layer.add("etc/passwd", b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    layer.add("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    layer.add("etc/nsswitch.conf", b"hosts: files dns\n")
    for path in ("root", "proc", "sys", "dev", "uploads"):
        layer.folder(path)
    layer.folder("tmp", 0o1777)


def applets(layer, without=()):
    layer.add("bin/busybox", busybox, 0o755)
    names = {"busybox", *(os.path.basename(path) for path in without)}
    for path in subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True).stdout.split():
        if os.path.basename(path) not in names:
            layer.link(path, "/bin/busybox")


def agnhost_layer():
    layer = Layer()
    system(layer)
    layer.add("agnhost", f"{programs}/agnhost", 0o755)
    layer.link("agnhost-2", "agnhost")
    for path, source in REAL_TOOLS.items():
        layer.program(path, source, libraries)
    certificates = f"{folder}/gopath/src/k8s.io/kubernetes/test/images/agnhost/porter"
    for name in ("localhost.crt", "localhost.key"):
        layer.add(name, f"{certificates}/{name}", 0o644)
    applets(layer, [*REAL_TOOLS, *NETWORK_TOOLS, "ash"])
    return layer


def network_layer():
    layer = Layer()
    for name in NETWORK_TOOLS:
        layer.program(f"usr/bin/{name}", f"{debian}/usr/bin/{name}", libraries)
    layer.link("usr/local/bin/iperf", "/usr/bin/iperf")
    return layer


def single(path, source):
    layer = Layer()
    layer.add(path, source, 0o755)
    return layer


def busybox_layer():
    layer = Layer()
    system(layer)
    applets(layer)
    layer.add("www/index.html", b"<html><body><h1>It works!</h1></body></html>")
    return layer


def names_of_upstream():
    if not upstream:
        return []
    return subprocess.run([f"{programs}/e2e.test", "--list-images"], capture_output=True, text=True, check=True).stdout.split()


def main():
    asked = names_of_upstream()

    def named(*ends):
        return [name for name in asked if any(f"/{end}:" in name for end in ends)]

    images = {
        "pause": lambda out: write(out, ["localhost/pause:1"], [single("pause", f"{programs}/pause")], ["/pause"]),
        "minidns": lambda out: write(out, ["localhost/minidns:1"], [single("minidns", f"{programs}/minidns")], ["/minidns"]),
        "busybox": lambda out: write(out, ["localhost/busybox:1"], [busybox_layer()], command=["sh"]),
        "agnhost": lambda out: write(out, ["localhost/agnhost:1"], [agnhost_layer()], ["/agnhost"], ["pause"]),
    }
    if upstream:
        # Files of their own: a run without upstream's tests does not know these names.
        images["upstream-pause"] = lambda out: write(out, named("pause"), [single("pause", f"{programs}/pause")], ["/pause"])
        images["upstream-busybox"] = lambda out: write(out, named("busybox"), [busybox_layer()], command=["sh"])
        images["upstream-agnhost"] = lambda out: write(
            out, named("agnhost", "jessie-dnsutils"), [agnhost_layer(), network_layer()], ["/agnhost"], ["pause"], ports=[80, 8080, 8081, 9376])
        images["upstream-httpd"] = lambda out: write(
            out, named("httpd", "nginx"), [busybox_layer()], ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"], ports=[80])

    os.makedirs(f"{folder}/images", exist_ok=True)
    newest = max(os.path.getmtime(path) for path in [__file__, *glob.glob(f"{root}/deploy/image/*.py"), *glob.glob(f"{programs}/*")])
    for name, make in images.items():
        out = f"{folder}/images/{name}.tar"
        if not os.path.exists(out) or os.path.getmtime(out) < newest:
            make(out)
            print(out, os.path.getsize(out))


main()
