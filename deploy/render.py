#!/usr/bin/env python3
"""Renders the Helm chart with its default values, for those who use kubectl alone: deploy/dataplane.yaml is its output.

usage: render.py [--check]      --check: fails if deploy/dataplane.yaml is another
The chart's templates keep to what this understands: `.Values`, `.Release.Namespace`, and `nindent`.
"""
import os
import re
import sys

import yaml

folder = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "kube-system"
HEADER = "# Made by deploy/render.py from the chart in deploy/helm, with its default values: change those.\n"


def value(path, values):
    for part in path.split("."):
        values = values[part]
    return str(values)


def substitute(match, values):
    trim, expression = match.group(1), match.group(2).strip()
    name, *functions = [part.strip() for part in expression.split("|")]
    if name == ".Release.Namespace":
        text = NAMESPACE
    elif name.startswith(".Values."):
        text = value(name.removeprefix(".Values."), values)
    else:
        raise ValueError(f"the chart says {match.group(0)}, which render.py does not understand")
    for function in functions:
        spaces = " " * int(re.fullmatch(r"nindent (\d+)", function).group(1))
        text = "\n" + "\n".join(spaces + line for line in text.rstrip("\n").split("\n"))
    return text if trim else match.group(0)[: len(match.group(0)) - len(match.group(0).lstrip())] + text


def render():
    with open(f"{folder}/helm/values.yaml", encoding="utf-8") as file:
        values = yaml.safe_load(file)
    documents = []
    for name in sorted(os.listdir(f"{folder}/helm/templates")):
        with open(f"{folder}/helm/templates/{name}", encoding="utf-8") as file:
            documents.append(re.sub(r"(?:(\s*)\{\{-|\{\{)([^}]*)\}\}", lambda match: substitute(match, values), file.read()))
    return HEADER + "---\n".join(documents)


def main():
    path = f"{folder}/dataplane.yaml"
    if "--check" in sys.argv:
        with open(path, encoding="utf-8") as file:
            if file.read() != render():
                sys.exit("deploy/dataplane.yaml is not what the chart says: run deploy/render.py")
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(render())


main()
