"""`anlan llm bench`: how good a prompt is on labelled texts, before it asks about members' messages."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from anlan.commands.screen import ERR, EXIT_PARTIAL, EXIT_UNUSABLE, clear_errors, progress, table
from anlan.errors import InvalidRequest, InvalidSettings
from anlan.models.llm.bench import NO_ANSWER, Bench, Labelled, compare, measure, read_labelled
from anlan.models.llm.judge import Terms
from anlan.settings import Settings, read_settings
from anlan.workshop import build_judge

UNLIMITED = 2**62


@click.group()
def llm() -> None:
    """The language model that is asked about the grey band (ANLAN_LLM_* settings)."""


@llm.command()
@click.option(
    "--labelled", "source", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSONL with {"text": ..., "label": ...}; labels are the categories of the text heads.',
)
@click.option("--prompt", "prompt_ids", multiple=True, help="Prompt to measure; give two to compare them.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows from the top of the file.")
@click.option(
    "--disagreements", type=click.Path(dir_okay=False, path_type=Path),
    help="Write one JSON line for each row that was not answered as labelled, with its text.",
)
@click.option("--timeout-s", type=click.FloatRange(0, 600, min_open=True), help="For one call; else the setting's.")
@click.option("--min-f1", type=click.FloatRange(0, 1), default=0.0, help="Fail below this mean F1.")
def bench(
    source: Path, prompt_ids: tuple[str, ...], limit: int | None, disagreements: Path | None, timeout_s: float | None,
    min_f1: float,
) -> None:
    """Ask the endpoint about every labelled text and measure the answers.

    The hourly budget does not count here; --limit does. Exit code 0: every row was answered and every prompt reached
    --min-f1; 1: not all of that; 2: nothing was answered, or an argument or setting cannot be used.
    """
    with clear_errors():
        settings = read_settings()
        rows = read_labelled(source.read_bytes().splitlines(), limit)
        terms = _terms(settings, timeout_s or settings.llm_timeout_s)
        benches = [_run(settings, prompt_id, terms, rows) for prompt_id in prompt_ids or (settings.llm_prompt,)]
        if disagreements is not None:
            _write_disagreements(disagreements, benches)
    for one in benches:
        _show(one)
    for later in benches[1:]:
        _show_comparison(benches[0], later)
    sys.exit(_exit_code(benches, min_f1))


def _terms(settings: Settings, timeout_s: float) -> Terms:
    return Terms(
        timeout_s=timeout_s, whole_s=10 * timeout_s, at_once=settings.llm_at_once, calls_per_h=UNLIMITED,
        tokens_per_h=UNLIMITED, price_in=settings.llm_price_in_per_million,
        price_out=settings.llm_price_out_per_million, cache_entries=0,
    )


def _run(settings: Settings, prompt_id: str, terms: Terms, rows: tuple[Labelled, ...]) -> Bench:
    judge = build_judge(settings, prompt_id, terms)
    if judge is None:
        raise InvalidSettings("ANLAN_LLM_URL: no endpoint is set; give the base URL of an OpenAI-compatible API")

    async def run() -> Bench:
        with progress() as bar:
            task = bar.add_task(judge.version, total=len(rows), rate="")
            try:
                return await measure(judge, rows, terms.at_once, lambda: bar.advance(task))
            finally:
                await judge.close()

    return asyncio.run(run())


def _write_disagreements(path: Path, benches: Sequence[Bench]) -> None:
    try:
        with path.open("wb") as sink:
            for one in benches:
                for row, said in zip(one.rows, one.said, strict=True):
                    if said.category != row.label:
                        line = {
                            "model": one.version, "label": row.label, "said": said.category, "reason": said.reason,
                            "text": row.text,
                        }
                        sink.write(msgspec.json.encode(line) + b"\n")
    except OSError as error:
        raise InvalidRequest(f"cannot write {path}: {error.strerror or error}") from error


def _show(one: Bench) -> None:
    ERR.print(f"{one.version}: {len(one.rows)} rows", style="bold", markup=False)
    shown = table("", "category", "rows #", "precision #", "recall #", "F1 #")
    for category, score in one.scores.items():
        figures = (f"{share:.2f}" for share in (score.precision, score.recall, score.f1))
        shown.add_row(category, str(score.support), *figures)
    shown.add_row("mean F1", "", "", "", f"{one.macro_f1:.2f}")
    ERR.print(shown, markup=False)
    median, slow = one.latency_s
    answered = len(one.rows) - one.unanswered.total()
    ERR.print(
        f"answered {answered} of {len(one.rows)}; {one.calls} calls, {one.tokens_in:,} tokens in, "
        f"{one.tokens_out:,} out, cost {one.cost:.4f}; {median:.2f} s median, {slow:.2f} s at 95 %, "
        f"{one.elapsed_s:.1f} s in all",
        markup=False,
    )
    for reason, count in one.unanswered.most_common():
        ERR.print(f"  {NO_ANSWER}: {reason} {count}", markup=False)


def _show_comparison(first: Bench, second: Bench) -> None:
    found = compare(first, second)
    ERR.print(
        f"{second.version} against {first.version}: mean F1 {second.macro_f1 - first.macro_f1:+.2f}; right alone "
        f"{found.only_second} against {found.only_first} rows; so uneven by chance {found.chance:.0%}", markup=False,
    )


def _exit_code(benches: Sequence[Bench], min_f1: float) -> int:
    if any(one.unanswered.total() == len(one.rows) for one in benches):
        return EXIT_UNUSABLE
    is_whole = all(not one.unanswered and one.macro_f1 >= min_f1 for one in benches)
    return 0 if is_whole else EXIT_PARTIAL
