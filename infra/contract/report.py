"""Verdicts for people, for programs and for CI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from xml.etree import ElementTree as ET

from infra.contract.clause import Findings, Verdict


def table(verdicts: Sequence[Verdict]) -> str:
    """One line a clause: does it hold, what was found, where it is written."""
    width = max((len(verdict.name) for verdict in verdicts), default=0)
    lines = []
    for verdict in verdicts:
        mark = "ok    " if verdict.holds else "BROKEN"
        lines.append(f"{mark}  {verdict.name:<{width}}  {verdict.promise}  [{verdict.source.title}]")
        detail = _listed(verdict.findings) if verdict.holds else verdict.failure
        if detail:
            lines.append(f"{'':8}{'':<{width}}  {detail}")
    broken = sum(not verdict.holds for verdict in verdicts)
    lines.append(f"{len(verdicts)} clauses: {len(verdicts) - broken} hold, {broken} broken.")
    return "\n".join(lines)


def document(verdicts: Sequence[Verdict]) -> str:
    """All verdicts as JSON."""
    return json.dumps(
        {"holds": all(verdict.holds for verdict in verdicts), "clauses": list(map(asdict, verdicts))}, indent=1
    )


def junit(verdicts: Sequence[Verdict]) -> str:
    """All verdicts as JUnit XML, one test case a clause."""
    suite = ET.Element(
        "testsuite",
        name="contract",
        tests=str(len(verdicts)),
        failures=str(sum(not verdict.holds for verdict in verdicts)),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict in verdicts:
        case = ET.SubElement(suite, "testcase", classname="contract", name=verdict.name, time=f"{verdict.seconds:.3f}")
        if not verdict.holds:
            ET.SubElement(case, "failure", message=verdict.failure).text = f"{verdict.promise}\n{verdict.failure}"
        source = " ".join(filter(None, (verdict.source.title, verdict.source.url)))
        ET.SubElement(case, "system-out").text = "\n".join(filter(None, (source, _listed(verdict.findings))))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def _listed(findings: Findings) -> str:
    return ", ".join(f"{name} {value}" for name, value in findings.items())
