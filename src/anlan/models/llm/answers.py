"""What an answer says, and whether it may count: a harm needs a clause of the rulebook and a quote from the text."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.llm.failures import VoidAnswer
from anlan.models.llm.prompts import HARMS, Rulebook
from anlan.models.llm.text import Shown, locate

NO_CLAUSE = "none"
SURE_FROM = 0.5
"""An answer that its own model believes less than this says nothing."""
MAX_QUOTE_CHARS = 200

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer about one text, in our categories.

    Attributes:
        category: `normal` or the harm named; None when the model names several of ours, or a harm that is none of ours.
        scores: for each of `HARMS` how sure the model is of it, in [0, 1]. What it is unsure of is shared evenly by the
            harms that it did not name.
        harm: how sure it is that anything is wrong, in [0, 1].
        clause: the clause that it says is broken; None for `normal`, and from models with rules of their own.
        quote: its evidence, as it wrote it; None likewise.
        place: (start, end) of the quote in one text as written; filled in for each text that gets the answer.
    """

    category: str | None
    scores: dict[str, float]
    harm: float
    clause: str | None = None
    quote: str | None = None
    place: tuple[int, int] | None = None


def harmless(sureness: float) -> Answer:
    """Nothing is wrong with the text."""
    return Answer(category="normal", scores=_shared((), sureness), harm=1.0 - sureness)


def harmful(
    named: tuple[str, ...], sureness: float, clause: str | None = None, quote: str | None = None
) -> Answer:
    """These of our harms are in it; an empty tuple is a harm that we have no word for."""
    category = named[0] if len(named) == 1 else None
    return Answer(category=category, scores=_shared(named, sureness), harm=sureness, clause=clause, quote=quote)


def _shared(named: tuple[str, ...], sureness: float) -> dict[str, float]:
    rest = (1.0 - sureness) / max(1, len(HARMS) - len(named))
    return {harm: sureness if harm in named else rest for harm in HARMS}


def answer_schema(book: Rulebook) -> dict[str, Any]:
    """The JSON schema of an answer; evidence first: a model that has quoted judges better than one that guessed."""
    fields: dict[str, dict[str, Any]] = {
        "quote": {"type": "string", "maxLength": MAX_QUOTE_CHARS},
        "clause": {"type": "string", "enum": [*book.by_id(), NO_CLAUSE]},
        "category": {"type": "string", "enum": list(TEXT_CATEGORIES)},
        "verdict": {"type": "string", "enum": ["violates", "clean", "unsure"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def read_object(content: str) -> dict[str, Any]:
    """The one JSON object in what a model wrote, whatever it wrote around it.

    Raises:
        VoidAnswer: none, or several: then one of them may be the text's own.
    """
    rest = _THOUGHT.sub("", content)
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder()
    at = rest.find("{")
    while at >= 0:
        try:
            value, at = decoder.raw_decode(rest, at)
            found.append(value)
        except (json.JSONDecodeError, RecursionError):
            at += 1
        at = rest.find("{", at)
    if len(found) != 1:
        raise VoidAnswer("void_form", f"the model wrote {len(found)} JSON objects where one was asked for")
    return found[0]


def read_judgement(written: Mapping[str, Any], book: Rulebook, shown: Shown) -> Answer | None:
    """What the fields of `answer_schema` say; None when the model is not sure.

    Raises:
        VoidAnswer: a field is missing or not what it may be, the clause is unknown or of another category, or the quote
            is not in the text.
    """
    verdict, sureness = written.get("verdict"), read_sureness(written.get("confidence"))
    if verdict == "unsure" or sureness < SURE_FROM:
        return None
    if verdict == "clean":
        return harmless(sureness)
    if verdict != "violates":
        raise VoidAnswer("void_form", "the verdict is none of those asked for")
    return evidenced(written.get("category"), written.get("clause"), written.get("quote"), sureness, book, shown)


def evidenced(
    category: object, clause: object, quote: object, sureness: float, book: Rulebook, shown: Shown
) -> Answer:
    """The harm that a clause and a quote show.

    Raises:
        VoidAnswer: they do not.
    """
    known = book.by_id().get(clause) if isinstance(clause, str) else None
    if known is None or known.category != category:
        raise VoidAnswer("void_clause", "the clause is not in the rulebook, or is not of the category named")
    if not isinstance(quote, str) or not any(locate(quote, part) for part in (shown.head, shown.tail)):
        raise VoidAnswer("void_quote", "the quote does not occur in the text")
    return harmful((known.category,), sureness, known.id, quote[:MAX_QUOTE_CHARS])


def read_sureness(value: object) -> float:
    """A probability.

    Raises:
        VoidAnswer: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise VoidAnswer("void_form", "the confidence is not a number from 0 to 1")
    return float(value)
