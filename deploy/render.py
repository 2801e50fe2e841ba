#!/usr/bin/env python3
"""Renders the Helm chart for those who use kubectl alone.

usage: render.py [KEY=VALUE ...]    to standard output, with these values instead of the chart's, for example image.name=example.com/dataplane:1
       render.py --write            with the chart's values to deploy/dataplane.yaml
       render.py --check            fails if deploy/dataplane.yaml is another
       render.py --cleanup [KEY=VALUE ...]    what takes the rest off the nodes after all of the above was deleted
The chart's templates keep to what this understands: `.Values`, `.Release.Namespace`, and `nindent`.
"""
import os
import re
import sys

import yaml

folder = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "kube-system"
HEADER = "# Made by deploy/render.py from the chart in deploy/helm; deploy/helm/values.yaml says what is to be set.\n"


def value(path, values):
    for part in path.split("."):
        values = values[part]
    return str(values)


def substitute(match, values):
    name, *functions = [part.strip() for part in match.group(1).split("|")]
    if name == ".Release.Namespace":
        text = NAMESPACE
    elif name.startswith(".Values."):
        text = value(name.removeprefix(".Values."), values)
    else:
        raise ValueError(f"the chart says {match.group(0)}, which render.py does not understand")
    for function in functions:
        spaces = " " * int(re.fullmatch(r"nindent (\d+)", function).group(1))
        text = "\n" + "\n".join(spaces + line for line in text.rstrip("\n").split("\n"))
    return text


def read_values(settings):
    with open(f"{folder}/helm/values.yaml", encoding="utf-8") as file:
        values = yaml.safe_load(file)
    for setting in settings:
        path, text = setting.split("=", 1)
        *parents, key = path.split(".")
        at = values
        for parent in parents:
            at = at[parent]
        if key not in at:
            sys.exit(f"render.py: {path}: the chart has no such value")
        at[key] = text
    return values


def render(settings, templates="helm/templates"):
    values = read_values(settings)
    documents = []
    for name in sorted(os.listdir(f"{folder}/{templates}")):
        with open(f"{folder}/{templates}/{name}", encoding="utf-8") as file:
            documents.append(re.sub(r"(?:\s*\{\{-|\{\{)([^}]*)\}\}", lambda match: substitute(match, values), file.read()))
    return HEADER + "---\n".join(documents)


def main(arguments):
    path = f"{folder}/dataplane.yaml"
    if arguments == ["--check"]:
        with open(path, encoding="utf-8") as file:
            if file.read() != render([]):
                sys.exit("deploy/dataplane.yaml is not what the chart says: run deploy/render.py --write")
    elif arguments == ["--write"]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(render([]))
    elif arguments[:1] == ["--cleanup"]:
        sys.stdout.write(render(arguments[1:], "cleanup"))
    else:
        sys.stdout.write(render(arguments))


main(sys.argv[1:])
