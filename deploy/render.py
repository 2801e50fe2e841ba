#!/usr/bin/env python3
r"""Renders the Helm chart for those who use kubectl alone.

usage: render.py KEY=VALUE ...       to standard output, with these values instead of the chart's; apiServer=https://ADDRESS:6443 is needed
       render.py --cleanup [KEY=VALUE ...]    what takes the rest off the nodes after all of the above was deleted
       render.py --write             with the chart's values to deploy/dataplane.yaml
       render.py --check             fails if deploy/dataplane.yaml is another
deploy/helm/values.yaml explains the values. Of several options each has a line, from a file or where it is typed:
       render.py apiServer=https://192.168.1.1:6443 podCidr=10.32.0.0/14 "options=$(cat options.yaml)"
       render.py apiServer=https://192.168.1.1:6443 image.name=registry.example.com/dataplane:1 options=$'log-level: debug\nworkers: 2'
"""
# The chart's templates keep to what this understands: `.Values`, `.Release.Namespace`, and `nindent`. Only checks.yaml, which is Helm's own way to say
# what `check` says here, does not.
import os
import re
import sys

try:
    import yaml
except ImportError:
    sys.exit("render.py: Python's yaml module is missing; install it, on Debian as python3-yaml")

folder = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = "kube-system"
CHECKS = "checks.yaml"
HEADER = "# Made by deploy/render.py from the chart in deploy/helm; deploy/helm/values.yaml says what is to be set.\n"


# What `options` may not have, and why: an option that is there twice ends the dataplane, and the manifests rely on the others.
NODES_OWN = "is each node's own, and taken from its Node object"
NAMED = "stays as it is, since the manifests name it"
RENDERED = {
    "cluster-cidr": "is made from the value podCidr: set that",
    "service-cidr": "is made from the value serviceCidr: set that",
    "routing": "is made from the value routing: set that",
    "node-name": NODES_OWN,
    "node-ip": NODES_OWN,
    "pod-cidr": NODES_OWN,
    "control": NAMED,
    "state-dir": NAMED,
    "metrics-listen": NAMED,
}


def fail(message):
    print(f"render.py: {message}", file=sys.stderr)
    sys.exit(2)


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
        path, equals, text = setting.partition("=")
        if not equals or path.startswith("-"):
            fail(f"'{setting}' is neither KEY=VALUE nor an option of render.py; see render.py --help")
        *parents, key = path.split(".")
        at = values
        for parent in parents:
            at = at.get(parent) if isinstance(at, dict) else None
        if not isinstance(at, dict) or key not in at:
            fail(f"{path}: the chart has no such value; deploy/helm/values.yaml has all")
        if isinstance(at[key], dict):
            fail(f"{path}: is several values; set one of {', '.join(f'{path}.{inner}' for inner in at[key])}")
        at[key] = text
    return values


def read_options(values):
    try:
        options = yaml.safe_load(values["options"]) or {}
    except yaml.YAMLError as error:
        fail(f"options: not YAML: {error}")
    if not isinstance(options, dict):
        fail(f"options: '{values['options']}' is no mapping; write for example options='log-level: debug'")
    return options


def check(values):
    for key in read_options(values):
        if key in RENDERED:
            fail(f"options: {key} {RENDERED[key]}")


def require_server(values):
    if not values["apiServer"] or values["apiServer"] == read_values([])["apiServer"]:
        fail("apiServer is not set: give the API server's own address, for example apiServer=https://192.168.1.1:6443 (kubectl cluster-info shows it)")


def render(values, templates="helm/templates"):
    documents = []
    for name in sorted(os.listdir(f"{folder}/{templates}")):
        if name == CHECKS:
            continue
        with open(f"{folder}/{templates}/{name}", encoding="utf-8") as file:
            documents.append(re.sub(r"(?:\s*\{\{-|\{\{)([^}]*)\}\}", lambda match: substitute(match, values), file.read()))
    return HEADER + "---\n".join(documents)


def main(arguments):
    path = f"{folder}/dataplane.yaml"
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
    elif arguments == ["--check"]:
        with open(path, encoding="utf-8") as file:
            if file.read() != render(read_values([])):
                sys.exit("deploy/dataplane.yaml is not what the chart says: run deploy/render.py --write")
    elif arguments == ["--write"]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(render(read_values([])))
    elif arguments[:1] == ["--cleanup"]:
        values = read_values(arguments[1:])
        values["hostPort"] = read_options(values).get("host-port", "dp-host")
        sys.stdout.write(render(values, "cleanup"))
    else:
        values = read_values(arguments)
        check(values)
        require_server(values)
        sys.stdout.write(render(values))


main(sys.argv[1:])
