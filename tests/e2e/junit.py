#!/usr/bin/env python3
"""Prints "NAME passed|failed|skipped" for each case of a JUnit report, and fails if its sums are wrong. usage: junit.py FILE"""
import sys
import xml.etree.ElementTree as ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
outcomes = []
for case in suite.findall("testcase"):
    outcome = "failed" if case.find("failure") is not None else "skipped" if case.find("skipped") is not None else "passed"
    outcomes.append(outcome)
    print(case.get("name"), outcome)
for attribute, outcome in (("failures", "failed"), ("skipped", "skipped")):
    if int(suite.get(attribute)) != outcomes.count(outcome):
        sys.exit(f"{attribute}={suite.get(attribute)}, but {outcomes.count(outcome)} cases {outcome}")
if int(suite.get("tests")) != len(outcomes):
    sys.exit(f"tests={suite.get('tests')}, but there are {len(outcomes)}")
