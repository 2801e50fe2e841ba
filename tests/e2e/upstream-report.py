#!/usr/bin/env python3
"""Makes one table of what upstream's specs gave.

usage: upstream-report.py RAN LOG ALL NOT-RUNNABLE OUT
RAN and ALL are folders with JUnit files, of the run and of a dry run of everything in focus; LOG is what ginkgo printed in the run, which alone
has the reasons of specs that skipped themselves; NOT-RUNNABLE says which were left out and why.
Prints the sums and what failed; every spec goes to the file OUT.
"""
import glob
import re
import sys
from xml.etree import ElementTree

ran_folder, log, all_folder, reasons_file, out = sys.argv[1:]


def cases(folder):
    for path in glob.glob(f"{folder}/*.xml"):
        yield from ElementTree.parse(path).getroot().iter("testcase")


def reasons():
    with open(reasons_file, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                pattern, reason = line.rstrip("\n").split(" :: ", 1)
                yield re.compile(pattern), reason


def skipped_by_themselves():
    """Name and reason of each spec that decided so when it ran: texts of its containers and its own, each above the line of its source."""
    with open(log, encoding="utf-8", errors="replace") as file:
        blocks = re.findall(r"^S \[SKIPPING\].*?\n(.*?)^-{10}", file.read(), re.MULTILINE | re.DOTALL)
    for block in blocks:
        texts, _, rest = block.partition("\n\n")
        lines = [line.strip() for line in texts.splitlines() if not re.match(r"\s*\S+\.go:\d+$", line)]
        yield re.sub(r" \[(It|BeforeEach)\]", "", " ".join(lines)), rest.strip().splitlines()[0].strip()


def first_line(element):
    text = (element.text or element.get("message") or "").strip()
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("/")]
    return lines[0][:200] if lines else ""


def main():
    results = {}
    for case in cases(ran_folder):
        name, failure, skipped = case.get("name"), case.find("failure"), case.find("skipped")
        if failure is not None:
            results[name] = ("failed", first_line(failure))
        elif skipped is None:
            results.setdefault(name, ("passed", ""))
    for name, reason in skipped_by_themselves():
        results.setdefault(name, ("skipped by itself", reason))

    known = list(reasons())
    names = {case.get("name") for case in cases(all_folder) if case.find("skipped") is None}
    for name in names - results.keys():
        reason = next((reason for pattern, reason in known if pattern.search(name)), None)
        results[name] = ("not runnable", reason) if reason else ("not run", "the run ended before it")

    with open(out, "w", encoding="utf-8") as file:
        file.write("| spec | result | |\n|---|---|---|\n")
        for name, (result, note) in sorted(results.items()):
            file.write(f"| {name} | {result} | {note.replace('|', chr(92) + '|')} |\n")
    kinds = [result for result, _ in results.values()]
    for name, (result, note) in sorted(results.items()):
        if result in ("failed", "not run"):
            print(f"{result}: {name}\n      {note}")
    print(", ".join(f"{kinds.count(kind)} {kind}" for kind in ("passed", "failed", "skipped by itself", "not runnable", "not run") if kind in kinds))


main()
