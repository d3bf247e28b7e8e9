"""The text lab: paste a text, see how it reads, what made its scores and which policies would hit; nothing is kept."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan.domain.text_evidence import MAX_TEXT_CHARS, ScoreExplained, TextExplained
from anlan.engine.condition_tree import Between, Claim, Compare, Literal, Name, Term, parts_of
from anlan.errors import Forbidden, NotFound
from anlan.store import audit
from anlan.text_lab import SENDERS, Tried
from anlan.web.console.decisions import find_event
from anlan.web.console.gate import NOT_ALLOWED, allowed
from anlan.web.console.marking import Mark, Piece, cut, visible
from anlan.web.console.rooms import Rooms
from anlan.web.console.shell import Visit
from anlan.web.console.text_samples import SAMPLES
from anlan.web.languages import mark

router = APIRouter()

MAX_LINES = 40
SHOWN_SCORES = 3
LEAST_SHOWN = 0.02
STRENGTHS = 4
"""How strongly words are tinted: 1 to 4, by their share of the strongest."""

SENDER_TITLES = {
    "contact": mark("A contact of a year"),
    "stranger": mark("A stranger of a year"),
    "newcomer": mark("Registered yesterday"),
}


FOLD_TITLES = {
    "width": mark("full width"), "invisible": mark("invisible character"), "bidi": mark("turns the writing around"),
    "mark": mark("combining mark"), "enclosed": mark("enclosed letter"), "compatibility": mark("other form"),
    "look_alike": mark("look-alike letter"), "emoji": mark("picture for a word"), "traditional": mark("traditional"),
    "repeated": mark("stretched"), "wedged": mark("symbols between"), "spaced": mark("pulled apart"),
    "split": mark("character split in two"), "homophone": mark("sounds alike"), "pinyin": mark("pinyin"),
    "initials": mark("initials"), "shape": mark("looks alike"), "symbol": mark("symbol for a word"),
    "digit_word": mark("digits for words"),
}
"""What each kind of fold is called."""


class ShownScore(NamedTuple):
    """One score with the text marked for it; `limits` are (threshold, policies that ask for it)."""

    score: ScoreExplained
    pieces: list[Piece]
    words: list[tuple[str, float, float]]
    against: list[str]
    limits: list[tuple[float, str]]


class Hit(NamedTuple):
    """A policy that held for at least one sender; `verdicts` go by the sender's name, `shadow` without one."""

    policy: str
    verdicts: Mapping[str, str]
    is_shadow: bool


class Line(NamedTuple):
    """One of several texts, in short."""

    number: int
    pieces: list[Piece]
    read: str
    explained: TextExplained
    tried: tuple[Tried, ...]


@router.get("/texts")
def show_lab(visit: Annotated[Visit, allowed("see_signals")]) -> Response:
    return _page(visit, "", is_lines=False)


@router.post("/texts")
def try_text(
    visit: Annotated[Visit, allowed("see_signals")],
    text: Annotated[str, Form()] = "",
    sample: Annotated[str, Form()] = "",
    lines: Annotated[str, Form()] = "",
    event: Annotated[str, Form()] = "",
) -> Response:
    """Read a text; the form carries it in its body, so that it stands in no address and no log."""
    if event:
        return _page(visit, _text_of(visit, event), is_lines=False, event=event)
    if sample in SAMPLES:
        text, lines = SAMPLES[sample].text, "1" if SAMPLES[sample].is_lines else ""
    written = text.replace("\r\n", "\n")
    if len(written) > MAX_TEXT_CHARS:
        problem = visit.language.say(
            "The text has {count} characters; {most} can be read at once.",
            count=visit.language.number(len(written)), most=visit.language.number(MAX_TEXT_CHARS),
        )
        return _draw(visit, 422, text="", is_lines=bool(lines), problem=problem)
    return _page(visit, written, is_lines=bool(lines))


def _text_of(visit: Visit, key: str) -> str:
    """What was written in an event; the look is in the audit log before it is shown.

    Raises:
        Forbidden: the roles do not allow to see it.
        NotFound: no such event, or its text is gone.
    """
    if not visit.can("see_personal"):
        raise Forbidden(NOT_ALLOWED)
    found = find_event(visit, key).event
    fields = visit.rooms.engine.registry.fields.get(found.type, {})
    sent: dict[str, Any] = msgspec.json.decode(found.data)
    open_fields = [name for name in _text_fields(visit.rooms, found.type) if fields[name].privacy != "sensitive"]
    text = "\n".join(sent[name] for name in open_fields if sent.get(name))
    if not text:
        raise NotFound(mark("This event has no text, or it is gone after its retention."))
    with visit.rooms.database.write() as connection:
        audit.note(connection, visit.actor, "decision.personal", f"event:{key}", {"in": "text_lab"})
    return text


def _text_fields(rooms: Rooms, event_type: str) -> tuple[str, ...]:
    catalogue = rooms.engine.registry.catalogue
    return tuple(catalogue[event_type].text_fields) if event_type in catalogue else ()


def _page(visit: Visit, text: str, *, is_lines: bool, event: str = "") -> Response:
    values: dict[str, Any] = {"text": text, "is_lines": is_lines, "event": event}
    if is_lines and text.strip():
        values |= _many(visit, text)
    elif text.strip():
        values |= _one(visit, text)
    return _draw(visit, **values)


def _draw(visit: Visit, answer: int = 200, **values: Any) -> Response:
    nothing: dict[str, Any] = {"problem": "", "event": "", "explained": None, "lines": None}
    return visit.page(
        "console/text_lab.html", answer=answer, samples=SAMPLES, senders=[sender.name for sender in SENDERS],
        sender_titles=SENDER_TITLES, max_chars=MAX_TEXT_CHARS, max_lines=MAX_LINES, visible=visible,
        **{**nothing, **values},
    )


def _judge(rooms: Rooms, text: str) -> tuple[Tried, ...]:
    return rooms.text_lab.judge(text, rooms.engine.policies, rooms.engine.lists)


def _one(visit: Visit, text: str) -> dict[str, Any]:
    explained = visit.rooms.text_lab.explain(text)
    tried = _judge(visit.rooms, text)
    limits = _limits(visit.rooms)
    chosen = [
        score for place, score in enumerate(explained.scores[:-1])
        if place == 0 or (place < SHOWN_SCORES and score.score >= LEAST_SHOWN)
    ]
    return {
        "explained": explained,
        "written": cut(text, [
            Mark(fold.start, fold.end, f"fold {fold.level} {fold.kind}", _fold_tip(visit, fold.kind, fold.read))
            for fold in explained.folds
        ]),
        "found": cut(text, _found_marks(visit, explained)),
        "scores": [_shown(score, text, limits) for score in chosen],
        "limits": limits,
        "tried": tried,
        "hits": _hits(tried),
        "fold_titles": FOLD_TITLES,
    }


def _fold_tip(visit: Visit, kind: str, read: str) -> str:
    title = visit.language.say(FOLD_TITLES.get(kind, kind))
    return f"{title} → {visible(read)}" if read else title


def _found_marks(visit: Visit, explained: TextExplained) -> list[Mark]:
    """Terms, moves and what was extracted, each in its own style."""
    pick = visit.language.pick
    return [
        *(Mark(one.start, one.end, "term", one.term) for one in explained.terms),
        *(Mark(start, end, "move", pick(one.title)) for one in explained.moves for start, end in one.places),
        *(Mark(one.start, one.end, "extracted", one.kind) for one in explained.extracted),
    ]


def _shown(score: ScoreExplained, text: str, limits: Mapping[str, list[tuple[float, str]]]) -> ShownScore:
    return ShownScore(
        score, cut(text, _score_marks(score)),
        [(visible(text[one.start : one.end]), one.spelling, one.meaning) for one in score.highlights],
        [visible(text[one.start : one.end]) for one in score.against[:5]],
        limits.get(score.signal, []),
    )


def _score_marks(score: ScoreExplained) -> list[Mark]:
    strongest = max((one.weight for one in score.highlights), default=0.0)
    return [
        Mark(one.start, one.end, f"lit s{max(1, round(STRENGTHS * one.weight / strongest))}", f"{one.weight:+.1f}")
        for one in score.highlights if one.weight > 0
    ]


def _limits(rooms: Rooms) -> dict[str, list[tuple[float, str]]]:
    """Per signal the numbers that policies in force compare it with from below, lowest first."""
    found: dict[str, dict[float, list[str]]] = {}
    for member in rooms.engine.policies.members:
        for signal, value in _compared(member.condition.tree):
            found.setdefault(signal, {}).setdefault(value, []).append(member.policy.id)
    return {
        signal: [(value, ", ".join(sorted(set(policies)))) for value, policies in sorted(values.items())]
        for signal, values in found.items()
    }


def _compared(node: Claim | Term) -> list[tuple[str, float]]:
    match node:
        case Compare(">=" | ">", Name(signal), Literal(float() | int() as value)):
            return [(signal, float(value))]
        case Between(Name(signal), Literal(float() | int() as value), _):
            return [(signal, float(value))]
    return [found for part in parts_of(node) for found in _compared(part)]


def _hits(tried: tuple[Tried, ...]) -> list[Hit]:
    """Every policy that held, most severe first, those in shadow last."""
    live: dict[str, dict[str, str]] = {}
    shadow: dict[str, dict[str, str]] = {}
    for sender, decision in tried:
        for findings, into in ((decision.findings, live), (decision.shadow, shadow)):
            for finding in findings:
                into.setdefault(finding.policy, {})[sender.name] = finding.verdict
    return [
        Hit(policy, verdicts, is_shadow)
        for into, is_shadow in ((live, False), (shadow, True)) for policy, verdicts in into.items()
    ]


def _many(visit: Visit, text: str) -> dict[str, Any]:
    written = [line.strip() for line in text.split("\n") if line.strip()]
    return {
        "lines": [_line(visit, number, line) for number, line in enumerate(written[:MAX_LINES], 1)],
        "left_out": max(0, len(written) - MAX_LINES),
    }


def _line(visit: Visit, number: int, text: str) -> Line:
    explained = visit.rooms.text_lab.explain(text, with_nearest=False)
    marks = _score_marks(explained.scores[0]) if explained.scores and explained.category != "normal" else []
    folds = [Mark(fold.start, fold.end, f"fold {fold.level}", "") for fold in explained.folds]
    return Line(number, cut(text, [*marks, *folds]), visible(explained.deep), explained, _judge(visit.rooms, text))
