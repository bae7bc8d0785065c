"""Findings on the terminal, or as JSON, and the exit status."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from cli.doctor.findings import Finding, Verdict
from cli.errors import ALL_WELL, SOME_FAILED
from cli.progress import printable
from cli.showing import in_json

_STYLES = {Verdict.RIGHT: "green", Verdict.WRONG: "red", Verdict.UNKNOWN: "yellow", Verdict.SKIPPED: "cyan"}


def report(findings: Iterable[Finding], console: Console, *, as_json: bool) -> int:
    """Tell each finding as it comes: in words on the console, with `as_json` as an object a line on stdout instead.

    Gives the exit status: whether anything is wrong.
    """
    counts: Counter[Verdict] = Counter()
    for finding in findings:
        counts[finding.verdict] += 1
        if as_json:
            in_json(finding.as_json())
        else:
            console.print(_told(finding), soft_wrap=True)
    if not as_json:
        summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        console.print(f"{summary}.", highlight=False)
    return SOME_FAILED if counts[Verdict.WRONG] else ALL_WELL


def _told(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.verdict:<9}", style=_STYLES[finding.verdict])
    text.append(printable(f"{finding.name}: {finding.what}"))
    if finding.remedy:
        text.append(f"\n{'':<9}{printable(finding.remedy)}", style="bold" if finding.verdict is Verdict.WRONG else "")
    return text
