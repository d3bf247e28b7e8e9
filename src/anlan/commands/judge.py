"""`anlan judge`: what would have been decided about the rows of a file; nothing is stored and nothing is sent."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from anlan import clock
from anlan.commands.screen import ERR, EXIT_PARTIAL, clear_errors, progress, table
from anlan.connectors.files.rows import Row, read_rows
from anlan.domain.decisions import Decision
from anlan.domain.events import Event
from anlan.engine.policies import PolicySet, make_set
from anlan.engine.profiles import wanted
from anlan.errors import InvalidEvent, InvalidRequest
from anlan.settings import read_settings
from anlan.workshop import Workshop, build_workshop, policies_in, starter_set

JUDGED_TOGETHER = 128


@click.command()
@click.argument("source", metavar="INPUT")
@click.option(
    "--out", "out", type=click.Path(path_type=Path), help="Write one JSON line a row here; else to standard output."
)
@click.option("--signals", "wanted_signals", default="all", show_default=True, help="Signals to write: a,b,c or all.")
@click.option(
    "--policies", "policies_dir", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Judge by the policies in this folder (*.yaml) instead of the starter pack; drafts count as live here.",
)
def judge(source: str, out: Path | None, wanted_signals: str, policies_dir: Path | None) -> None:
    """Judge the rows of INPUT: JSONL or CSV, gzipped or not, `-` for standard input.

    A row is a CloudEvent, or has a `text` column (then it is judged as a message from a stranger), or is a sign-in of
    the public data set for risk-based authentication (known by its column Login Timestamp). Exit code 0: every
    row was judged; 1: some were refused, with the reason in their line; 2: nothing could be judged.
    """
    with clear_errors():
        workshop = build_workshop(read_settings())
        workshop.engine.swap(_policy_set(workshop, policies_dir))
        names = _signal_names(workshop, wanted_signals)
        tally = _Tally()
        with _opened(out) as sink:
            for line in _judged_lines(workshop, source, names, tally):
                sink.write(line + b"\n")
    tally.show()
    sys.exit(EXIT_PARTIAL if tally.refused else 0)


def _policy_set(workshop: Workshop, folder: Path | None) -> PolicySet:
    if folder is None:
        return starter_set(workshop.registry)
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if not paths:
        raise InvalidRequest(f"{folder} holds no .yaml file")
    drafts_as_live = [
        (msgspec.structs.replace(policy, state="live") if policy.state == "draft" else policy, where)
        for policy, where in policies_in(paths)
    ]
    return make_set(drafts_as_live, workshop.registry)


def _signal_names(workshop: Workshop, wanted_signals: str) -> frozenset[str] | None:
    if wanted_signals == "all":
        return None
    names = frozenset(name.strip() for name in wanted_signals.split(",") if name.strip())
    unknown = sorted(name for name in names if name not in workshop.registry.by_name)
    if unknown:
        raise InvalidRequest(f"no such signal: {', '.join(unknown)}; `anlan signals` lists them")
    return names


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with out.open("wb") as sink:
            yield sink
    except OSError as error:
        raise InvalidRequest(f"cannot write {out}: {error.strerror or error}") from error


class _Tally:
    """What the summary shows."""

    def __init__(self) -> None:
        self.began = clock.stopwatch()
        self.verdicts: Counter[str] = Counter()
        self.policies: Counter[tuple[str, bool]] = Counter()
        self.categories: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def add(self, decision: Decision) -> None:
        self.verdicts[decision.verdict] += 1
        self.categories[str(decision.signals.get("text_category", "unknown"))] += 1
        for finding in decision.findings:
            self.policies[finding.policy, False] += 1
        for finding in decision.shadow:
            self.policies[finding.policy, True] += 1

    def show(self) -> None:
        """Print the summary on standard error."""
        seconds = clock.stopwatch() - self.began
        total = self.verdicts.total()
        speed = total / max(seconds, 1e-9)
        summary = table(f"{total:,} rows judged in {seconds:.1f} s ({speed:,.0f} a second)", "", "rows #", "share #")
        for title, counts in (("verdict", self.verdicts), ("category", self.categories)):
            for word, count in counts.most_common():
                summary.add_row(f"{title} {word}", f"{count:,}", f"{count / max(total, 1):.1%}")
        for (policy, is_shadow), count in self.policies.most_common(15):
            kind = "shadow" if is_shadow else "policy"
            summary.add_row(f"{kind} {policy}", f"{count:,}", f"{count / max(total, 1):.1%}")
        for reason, count in self.refused.most_common():
            summary.add_row(f"[red]refused[/] {reason}", f"{count:,}", "")
        ERR.print(summary)


def _judged_lines(workshop: Workshop, source: str, names: frozenset[str] | None, tally: _Tally) -> Iterator[bytes]:
    started_at = clock.now()
    size = Path(source).stat().st_size if source != "-" and Path(source).is_file() else None
    with progress() as bar:
        task = bar.add_task("judging", total=size, rate="")
        number = 0
        for rows in _together(read_rows(source, started_at)):
            events = [_decode(workshop, row, started_at) for row in rows]
            workshop.engine.look_ahead([event for event in events if isinstance(event, Event)])
            for row, event in zip(rows, events, strict=True):
                yield _judge_row(workshop, row, event, names, tally)
            number += len(rows)
            rate = number / max(clock.stopwatch() - tally.began, 1e-9)
            bar.update(task, completed=rows[-1].done, rate=f"{number:,} rows, {rate:,.0f}/s")


def _together(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, JUDGED_TOGETHER)):
        yield some


def _decode(workshop: Workshop, row: Row, started_at: float) -> Event | InvalidEvent:
    if row.body is None:
        return InvalidEvent(row.problem, reason="unreadable")
    try:
        # Rows are history: their time may lie in the past or, for plain rows, run ahead of the clock.
        return workshop.catalogue.decode(row.body, started_at + 10 * 365 * 86_400.0)
    except InvalidEvent as error:
        return error


def _judge_row(
    workshop: Workshop, row: Row, event: Event | InvalidEvent, names: frozenset[str] | None, tally: _Tally
) -> bytes:
    if isinstance(event, InvalidEvent):
        return _refused(row.id, str(event.details.get("reason", event.code)), event.message, tally)
    decision = _decide(workshop, event)
    tally.add(decision)
    return msgspec.json.encode(
        {
            "id": row.id,
            "verdict": decision.verdict,
            "findings": [_finding(finding) for finding in decision.findings],
            "signals": {
                name: value for name, value in decision.signals.items() if names is None or name in names
            },
        }
    )


def _decide(workshop: Workshop, event: Event) -> Decision:
    profiles = workshop.engine.profiles
    missing = profiles.missing(wanted(event))
    if missing:
        profiles.load(missing, ())
    return workshop.engine.judge(event, event.time).decision


def _finding(finding: Any) -> dict[str, Any]:
    return {
        "policy": finding.policy, "verdict": finding.verdict, "category": finding.category,
        "severity": finding.severity, "because": finding.because["en"],
    }


def _refused(row_id: str, reason: str, detail: str, tally: _Tally) -> bytes:
    tally.refused[reason] += 1
    return msgspec.json.encode({"id": row_id, "error": {"reason": reason, "detail": detail}})
