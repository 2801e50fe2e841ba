#!/usr/bin/env python3
"""Writes a folder of apt sources with source packages, made from those that the machine has.

usage: apt-sources.py CODENAME FOLDER
Only sources of the distribution itself count: those whose suites are CODENAME or CODENAME-something.
"""
import glob
import os
import re
import sys


def belongs(suite, codename):
    return suite.split("/")[0] == codename or suite.startswith(codename + "-")


def stanzas(text, codename):
    """Stanzas of a .sources file, with deb-src added."""
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
        fields = dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith(" "))
        suites = fields.get("Suites", "").split()
        if any(belongs(suite, codename) for suite in suites) and fields.get("Enabled", "yes").strip() != "no":
            yield "\n".join("Types: deb deb-src" if line.startswith("Types:") else line for line in lines)


def one_liners(text, codename):
    """Lines of a .list file, each binary one with its source twin."""
    for line in text.splitlines():
        match = re.match(r"deb(\s+(?:\[[^\]]*\]\s+)?\S+\s+(\S+)\s.*)", line)
        if match and belongs(match.group(2), codename):
            yield line
            yield "deb-src" + match.group(1)


def main(codename, folder):
    os.makedirs(folder, exist_ok=True)
    found = 0
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        extension = os.path.splitext(path)[1]
        if extension not in (".list", ".sources") or not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        parts = list(stanzas(text, codename) if extension == ".sources" else one_liners(text, codename))
        if parts:
            found += 1
            with open(os.path.join(folder, f"{found}{extension}"), "w", encoding="utf-8") as file:
                file.write(("\n\n" if extension == ".sources" else "\n").join(parts) + "\n")
    if not found:
        sys.exit(f"apt-sources: /etc/apt names no source of {codename}")


main(*sys.argv[1:])
