#!/usr/bin/env python3
"""Samples the memory of a cluster's processes every five seconds, until its parent ends.

usage: memory.py STATE CONTROL OUT
STATE is the folder with NODE.leader files, CONTROL the network namespace of the control plane. OUT always has one line: the most that all of it
had together, in MB, and how that was made up. Counted is the proportional set size (PSS): a page that several processes share counts once.
"""
import glob
import os
import sys
import time

state, control, out = sys.argv[1:]
CONTROL_PLANE = {"etcd", "kube-apiserver", "kube-controller", "kube-scheduler"}
NODE = {"kubelet", "containerd", "containerd-shim", "runc"}
OURS = {"dataplane", "dataplane-agent"}


def parents():
    """Process id to its parent's and its command's name."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                head, tail = file.read().rsplit(")", 1)
        except OSError:
            continue
        pid, name = head.split(" (", 1)
        found[int(pid)] = (int(tail.split()[1]), name)
    return found


def leaders():
    for path in glob.glob(f"{state}/*.leader"):
        try:
            with open(path, encoding="utf-8") as file:
                yield int(file.read())
        except (OSError, ValueError):
            continue


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:  # it ended
        return 0


def is_below(pid, roots, processes):
    while pid in processes:
        if pid in roots:
            return True
        pid = processes[pid][0]
    return False


def namespace(path):
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def sample():
    processes, roots, sums = parents(), set(leaders()), {"control plane": 0, "kubelets and runtime": 0, "dataplane and agent": 0, "pods": 0}
    here = namespace(control)
    for pid, (_, name) in processes.items():
        if is_below(pid, roots, processes):
            part = "dataplane and agent" if name in OURS else "kubelets and runtime" if name in NODE or pid in roots else "pods"
        elif name in CONTROL_PLANE and namespace(f"/proc/{pid}/ns/net") == here:
            part = "control plane"
        else:
            continue
        sums[part] += pss(pid)
    return sums


def main():
    parent, most = os.getppid(), 0
    while os.getppid() == parent:
        sums = sample()
        total = sum(sums.values())
        if total > most:
            most = total
            text = f"{total // 1024} MB ({', '.join(f'{part} {size // 1024}' for part, size in sums.items())})"
            with open(out + ".new", "w", encoding="utf-8") as file:
                file.write(text + "\n")
            os.replace(out + ".new", out)
        time.sleep(5)


main()
