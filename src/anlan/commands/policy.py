"""`anlan policy`: check, test, explain, backtest and compare policies before anybody is touched by them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from rich.tree import Tree

from anlan import clock
from anlan.commands.asked import OpenedJournal, opened_journal
from anlan.commands.opened import OPERATOR
from anlan.commands.reports import show_backtest, show_diff
from anlan.commands.screen import ERR, EXIT_PARTIAL, OUT, clear_errors, progress, table
from anlan.domain.decisions import Finding
from anlan.engine.backtest import backtest, diff
from anlan.engine.inline import compile_condition
from anlan.engine.policies import CheckedPolicy, PolicySet, check_each, check_policy, read_policies
from anlan.engine.profiles import wanted
from anlan.engine.reference import Explained, Truth, explain
from anlan.engine.signals import Registry
from anlan.errors import AnlanError, InvalidPolicy, InvalidRequest, NotFound
from anlan.settings import read_settings
from anlan.store.audit import note
from anlan.workshop import Workshop, build_workshop

LANGUAGES = click.Choice(["zh", "en"])
UNITS_S = {"h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
MARKS: dict[Truth, str] = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}
WORDS = {
    "unknown": {"zh": "未知", "en": "unknown"},
    "gone": {"zh": "（该版本的条件已无法读取）", "en": "(the condition of this version cannot be read any more)"},
    "shadow": {"zh": "影子", "en": "shadow"},
}

File = click.Path(exists=True, dir_okay=False, path_type=Path)
FileOrFolder = click.Path(exists=True, path_type=Path)


@click.group()
def policy() -> None:
    """Policies, before they act."""


@policy.command("check")
@click.argument("source", metavar="FILE_OR_DIR", type=FileOrFolder)
def check_files(source: Path) -> None:
    """Say everything that is wrong with the policies of a file or folder; exit code 1 if anything is."""
    with clear_errors():
        registry = build_workshop(read_settings(), is_for_judging=False).registry
        found = [one for path in _files(source) for one in check_each(_text(path), path.name, registry)]
    faults = [one for one in found if isinstance(one, InvalidPolicy)]
    for fault in faults:
        OUT.print(fault.message, markup=False, soft_wrap=True)
    ERR.print(f"{len(found) - len(faults)} policies are fine, {len(faults)} are not")
    sys.exit(EXIT_PARTIAL if faults else 0)


@policy.command("test")
@click.argument("source", metavar="FILE_OR_DIR", type=FileOrFolder)
def run_examples(source: Path) -> None:
    """Run every policy's examples; exit code 1 if one comes out otherwise than it says."""
    shown = table("Examples", "policy", "given", "should", "does")
    failures = 0
    with clear_errors():
        registry = build_workshop(read_settings(), is_for_judging=False).registry
        for checked in _without_examples(source, registry):
            holds = compile_condition(checked.condition)
            for example in checked.policy.examples:
                truth = holds({name: example.given.get(name) for name in checked.condition.names})
                does = {True: "hits", False: "misses", None: "undecided"}[truth]
                is_right = (truth is True) == example.hits
                failures += not is_right
                given = ", ".join(f"{name}={value!r}" for name, value in example.given.items())
                shown.add_row(
                    checked.policy.id, given, "hit" if example.hits else "miss", does if is_right else f"[red]{does}[/]"
                )
    OUT.print(shown)
    sys.exit(EXIT_PARTIAL if failures else 0)


@policy.command("explain")
@click.argument("subject", metavar="EVENT_KEY|POLICY_FILE")
@click.option("--event", "event_file", type=File, help="A CloudEvent in JSON, to be judged by POLICY_FILE.")
@click.option("--language", type=LANGUAGES, default="en", show_default=True)
def explain_policies(subject: str, event_file: Path | None, language: str) -> None:
    """Show why policies held: for a stored event (its key or decision id), or for an event in a file.

    Every claim of the condition is marked as true, false or unknown, with the values that it read.
    """
    with clear_errors():
        if event_file is None:
            with opened_journal() as opened:
                _explain_stored(opened, subject.partition(".")[0], language)
        else:
            _explain_file(build_workshop(read_settings()), Path(subject), event_file, language)


@policy.command("backtest")
@click.argument("source", metavar="FILE_OR_DIR", type=FileOrFolder)
@click.option("--since", default=None, help="How far back, such as 12h, 7d or 4w; without it, everything.")
@click.option("--within", "within_s", type=click.FloatRange(1, 3600), default=120.0, show_default=True,
              help="Seconds to spend at most.")
@click.option("--language", type=LANGUAGES, default="en", show_default=True)
def backtest_files(source: Path, since: str | None, within_s: float, language: str) -> None:
    """What the policies would have found in the journal, whatever their state."""
    with clear_errors(), opened_journal() as opened:
        policies = list(_checked(source, opened.workshop.registry))
        with progress() as bar:
            bar.add_task("asking the journal", total=None, rate="")
            report = backtest(opened.analysis, policies, opened.scope(_start(since), within_s))
        show_backtest(report, language)


@policy.command("diff")
@click.argument("old", type=FileOrFolder)
@click.argument("new", type=FileOrFolder)
@click.option("--since", default=None, help="How far back, such as 12h, 7d or 4w; without it, everything.")
@click.option("--within", "within_s", type=click.FloatRange(1, 3600), default=120.0, show_default=True,
              help="Seconds to spend at most.")
@click.option("--language", type=LANGUAGES, default="en", show_default=True)
def compare_files(old: Path, new: Path, since: str | None, within_s: float, language: str) -> None:
    """What the policies in NEW would have changed in the journal against those in OLD."""
    with clear_errors(), opened_journal() as opened:
        before, after = (list(_checked(source, opened.workshop.registry)) for source in (old, new))
        with progress() as bar:
            bar.add_task("asking the journal", total=None, rate="")
            report = diff(opened.analysis, before, after, opened.scope(_start(since), within_s))
        show_diff(report, language)


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = sorted([*source.glob("*.yaml"), *source.glob("*.yml")])
    if not found:
        raise InvalidRequest(f"{source} holds no .yaml file")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"cannot read {path} as UTF-8 text: {error}") from error


def _checked(source: Path, registry: Registry) -> Iterator[CheckedPolicy]:
    for path in _files(source):
        for found in read_policies(_text(path), path.name):
            yield check_policy(found, registry, path.name)


def _without_examples(source: Path, registry: Registry) -> Iterator[CheckedPolicy]:
    """The policies checked but for their examples, which are run by whoever asks."""
    for path in _files(source):
        for found in read_policies(_text(path), path.name):
            bare = msgspec.structs.replace(found, examples=(), state="draft")
            yield msgspec.structs.replace(check_policy(bare, registry, path.name), policy=found)


def _start(since: str | None) -> float | None:
    if since is None:
        return None
    number, unit = since[:-1], since[-1:]
    if not number.isdigit() or unit not in UNITS_S:
        raise InvalidRequest(f"--since is a number with h, d or w, such as 7d, not {since!r}")
    return clock.now() - int(number) * UNITS_S[unit]


def _explain_stored(opened: OpenedJournal, key: str, language: str) -> None:
    is_key = len(key) == 32 and set(key) <= set("0123456789abcdef")
    found = opened.journal.explain(key) if is_key else None
    if found is None:
        raise NotFound(f"no event has the key {key}; keys are in the answers to POST /v1/events")
    with opened.database.write() as connection:
        note(connection, OPERATOR, "decision.personal", f"event:{key}", {})
    data = msgspec.json.decode(found.event.data)
    for stored in found.decisions:
        decision = stored.decision
        OUT.print(f"pass {decision.pass_number}: [bold]{decision.verdict}[/]")
        for finding, is_shadow in (*((f, False) for f in decision.findings), *((f, True) for f in decision.shadow)):
            title = f"{finding.policy} v{finding.version}" + f" ({WORDS['shadow'][language]})" * is_shadow
            tree = Tree(f"[bold]{title}[/]: {finding.because[language]}")
            _add_condition(tree, opened, finding, {**data, **finding.values}, language)
            OUT.print(tree)


def _add_condition(
    tree: Tree, opened: OpenedJournal, finding: Finding, values: dict[str, object], language: str
) -> None:
    try:
        version = opened.policies.get(finding.policy, finding.version)
        (read,) = read_policies(version.body, finding.policy)
        condition = check_policy(msgspec.structs.replace(read, state="draft"), opened.workshop.registry).condition
    except (AnlanError, ValueError):
        tree.add(WORDS["gone"][language])
        return
    _grow(tree, explain(condition, values), language)  # type: ignore[arg-type]  # JSON values are of condition types


def _explain_file(workshop: Workshop, policies: Path, event_file: Path, language: str) -> None:
    if not policies.exists():
        raise InvalidRequest(f"{policies} is no file; with --event, name a file of policies")
    members = list(_checked(policies, workshop.registry))
    workshop.engine.swap(PolicySet((), "explained"))
    event = workshop.catalogue.decode(event_file.read_bytes(), clock.now())
    profiles = workshop.engine.profiles
    profiles.load(profiles.missing(wanted(event)), ())
    signals = workshop.engine.judge(event, clock.now()).decision.signals
    values = {**msgspec.json.decode(event.raw), **signals}
    for member in members:
        if event.type.name in member.policy.on:
            tree = Tree(f"[bold]{member.policy.id}[/]")
            _grow(tree, explain(member.condition, values), language)
            OUT.print(tree)


def _grow(tree: Tree, claim: Explained, language: str) -> None:
    said = {name: _say(value, language) for name, value in claim.values.items()}
    values = ", ".join(f"{name} = {value}" for name, value in said.items())
    branch = tree.add(f"{MARKS[claim.truth]} {_plain(claim.text)}" + f"  [dim]{_plain(values)}[/]" * bool(values))
    for part in claim.parts:
        _grow(branch, part, language)


def _say(value: object, language: str) -> str:
    return WORDS["unknown"][language] if value is None else msgspec.json.encode(value).decode()


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
