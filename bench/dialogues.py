"""How well dialogues that lead to fraud are told from honest ones, at which turn, and what that costs a message.

`python -m bench.dialogues --data DIR` also reads `DIR/teleantifraud_dialogues/dialogues.csv.gz`: calls, of which the
caller's turns are judged as messages. Everything here is moves and signs alone: the fraud score of the text counts as
unknown, and so does how long the account exists.
"""

import csv
import gzip
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from anlan.demo.scripts import phrasebook
from anlan.demo.simulation import Tempo, simulate
from anlan.domain.event_data import MessageSent, PaymentInitiated
from anlan.domain.events import Catalogue, Event
from anlan.protections.content.extraction import extract
from anlan.protections.content.folding import fold
from anlan.protections.dialogue.readings import Reading
from anlan.protections.dialogue.signals import BOOK, MovesSeen, see_moves
from anlan.protections.dialogue.window import Dialogues
from anlan.protections.fraud.scenario_signals import SignsSeen, see_signs
from anlan.protections.fraud.signs import built_in_signs
from bench.measure import Figure, at_least, at_most, show_figures, show_table

START = 1_764_547_200.0
ALARM_AT, ALARM_STAGE, KNOWN_AT = 0.4, 3, 0.65
"""As the policy `dialogue.led_towards_fraud` has it."""
SIGNS = built_in_signs(tuple(move.name for move in BOOK.moves))
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]
LOOKED_AT = 1_000
"""Of each label, how many calls were read while the cues were written; all figures are about the others."""
DEMO_SEEDS = (11, 12, 13)
_SPEAKER = re.compile(r"(?:^|\n)([AB])[：:]")


class ReadText(NamedTuple):
    """What moves are read from."""

    folded: object
    contacts: object


class Call(NamedTuple):
    """What the window says after each turn of a caller."""

    is_fraud: bool
    turns: list[Reading]


def look(text: str) -> tuple[MovesSeen, SignsSeen]:
    """The moves and signs of one message."""
    folded = fold(text)
    read: Any = ReadText(folded, extract(folded.tight))
    moves = see_moves(read)
    return moves, see_signs(read, moves, SIGNS)


def open_window(max_keys: int) -> Dialogues:
    """A window that knows the frauds that ship with Anlan."""
    window = Dialogues(max_keys)
    window.weigh_with(SIGNS)
    return window


def read_calls(path: Path) -> Iterator[tuple[bool, list[str]]]:
    """(is fraud, what the caller says turn by turn) of the calls that nobody looked at."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    random.Random(3).shuffle(rows)
    for label in ("fraud", "normal"):
        for row in [row for row in rows if row["label"] == label][LOOKED_AT:]:
            pieces = _SPEAKER.split(row["text"])
            said = [words for speaker, words in zip(pieces[1::2], pieces[2::2], strict=True) if speaker == "A"]
            yield label == "fraud", said


def follow(calls: Iterable[tuple[bool, list[str]]]) -> Iterator[Call]:
    """What the window makes of each call."""
    catalogue = Catalogue()
    for is_fraud, said in calls:
        window, turns = open_window(100), []
        for number, text in enumerate(said):
            moves, signs = look(text)
            turns.append(window.count(_message(catalogue, START + number), moves, None, signs))
        if turns:
            yield Call(is_fraud, turns)


def _message(catalogue: Catalogue, at: float) -> Event:
    body = b'{"specversion":"1.0","id":"e","source":"b","type":"message.sent","data":{"sender":"a","recipient":"b"}}'
    return catalogue.decode(body, at)


def area_under_curve(fraud: Numbers, normal: Numbers) -> float:
    """Share of pairs (fraud, normal) in which the fraud scores higher; ties count half."""
    ordered = np.sort(normal)
    below, upto = np.searchsorted(ordered, fraud, "left"), np.searchsorted(ordered, fraud, "right")
    return float((below + upto).mean() / 2 / len(normal))


def measure_calls(path: Path) -> list[Figure]:
    """Figures of the calls nobody looked at."""
    calls = list(follow(read_calls(path)))
    fraud = np.array([call.turns[-1].fraud_score for call in calls if call.is_fraud])
    normal = np.array([call.turns[-1].fraud_score for call in calls if not call.is_fraud])
    at_one = float(np.sort(normal)[int(np.ceil(0.99 * len(normal))) - 1])
    firsts = [
        next((n for n, turn in enumerate(call.turns, 1) if (turn.fraud_score or 0.0) > at_one), 0)
        for call in calls if call.is_fraud
    ]
    show_table(
        f"{len(fraud):,} fraud and {len(normal):,} honest calls", ["caller's turn of the alarm", "share of fraud"],
        [[turn or "never", f"{firsts.count(turn) / len(firsts):.3f}"] for turn in sorted(set(firsts))[:6]],
    )
    return [
        at_least("calls: AUC", area_under_curve(fraud, normal), 0.96, "{:.3f}"),
        at_least("calls: recall at 1 % false alarms", float((fraud > at_one).mean()), 0.65, "{:.3f}"),
        at_least("calls: recall at the policy's threshold", _alarmed(calls, is_fraud=True), 0.85, "{:.3f}"),
        at_least("calls: ... by the second turn", _alarmed(calls, is_fraud=True, turns=2), 0.85, "{:.3f}"),
        at_most("calls: false alarms at the policy's threshold", _alarmed(calls, is_fraud=False), 0.02, "{:.4f}"),
    ]


def _alarmed(calls: list[Call], *, is_fraud: bool, turns: int | None = None) -> float:
    alarms = [any(map(_is_alarm, call.turns[:turns])) for call in calls if call.is_fraud == is_fraud]
    return sum(alarms) / len(alarms)


def _is_alarm(turn: Reading) -> bool:
    is_led = (turn.stage or 0) >= ALARM_STAGE and (turn.fraud_score or 0.0) >= ALARM_AT
    return is_led or (turn.scenario_score or 0.0) >= KNOWN_AT


class Story(NamedTuple):
    """What became of one story of the demo: when its first alarm came, when the victim first paid."""

    is_honest: bool
    alarm_at: float | None
    paid_at: float | None


def follow_demo(seed: int) -> dict[str, Story]:
    """Every story of one busy day."""
    catalogue, window = Catalogue(max_future_s=1e10), open_window(100_000)
    told: dict[str, Story] = defaultdict(lambda: Story(is_honest=True, alarm_at=None, paid_at=None))
    for one in simulate(seed, START, 24, 300, Tempo(attacks_per_person_day=0.4), has_past=False):
        event, story = catalogue.decode(one.cloudevent, START), told[one.story]
        story = story._replace(is_honest=story.is_honest and one.label == "normal" and one.actor_role == "ordinary")
        if isinstance(event.data, MessageSent):
            moves, signs = look(event.data.text)
            reading = window.count(event, moves, None, signs)
            if (moves.number or signs.numbers) and _is_alarm(reading):
                story = story._replace(alarm_at=story.alarm_at or event.time)
        elif isinstance(event.data, PaymentInitiated) and one.actor_role == "victim":
            story = story._replace(paid_at=story.paid_at or event.time)
        told[one.story] = story
    return told


def measure_demo(seeds: Iterable[int]) -> list[Figure]:
    """Figures of the demo's scripted stories, which its authors wrote, as they wrote the cues: no proof of anything."""
    days = [follow_demo(seed) for seed in seeds]
    honest = [story for day in days for story in day.values() if story.is_honest]
    shares = {}
    scripts = [f"scam_by_{name.partition('.')[2]}" for name in phrasebook().dialogues_of("scams")]
    for kind in (*scripts, "take_over", "stuff_credentials"):
        paid = [s for day in days for name, s in day.items() if name.startswith(f"{kind}-") and s.paid_at is not None]
        shares[kind] = [s.alarm_at is not None and s.alarm_at < (s.paid_at or 0.0) for s in paid]
    show_table(
        "alarm before the victim first pays", ["story", "stories", "share"],
        [[kind, len(hits), f"{sum(hits) / max(1, len(hits)):.2f}"] for kind, hits in shares.items()],
    )
    scams = [hit for kind, hits in shares.items() if kind.startswith("scam") for hit in hits]
    false = sum(story.alarm_at is not None for story in honest) / len(honest)
    return [
        at_least("demo: scripted scams flagged before payment", sum(scams) / len(scams), 0.8, "{:.2f}"),
        at_most("demo: honest conversations flagged", false, 0.002, "{:.4f}"),
    ]


def measure_cost() -> list[Figure]:
    """CPU microseconds for looking for moves and for signs in a message of the demo, folded already."""
    catalogue = Catalogue(max_future_s=1e10)
    events = [catalogue.decode(one.cloudevent, START) for one in simulate(1, START, 6, 200, has_past=False)]
    texts = [fold(event.data.text).tight for event in events if isinstance(event.data, MessageSent)]
    return [
        at_most("moves of one message, µs", _cost_us(BOOK.find, texts), 15.0, "{:.1f}"),
        at_most("signs of frauds in one message, µs", _cost_us(SIGNS.find, texts), 10.0, "{:.1f}"),
    ]


def _cost_us(find: Callable[[str], object], texts: list[str]) -> float:
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for text in texts:
            find(text)
        rounds.append((time.process_time() - began) / len(texts) * 1e6)
    return sorted(rounds)[2]


def run(quick: bool) -> list[Figure]:
    """The figures that need no data."""
    return [*measure_demo(DEMO_SEEDS[:1] if quick else DEMO_SEEDS), *measure_cost()]


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
def main(data: Path) -> None:
    """Everything, the calls under DATA too."""
    show_figures([*measure_calls(data / "teleantifraud_dialogues" / "dialogues.csv.gz"), *run(quick=False)])


if __name__ == "__main__":
    main()
