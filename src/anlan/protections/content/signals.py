"""Decides what an event's text says, as signals: what it may be, what it holds, how it is spelt.

It does not know who says it to whom; policies join these signals with those about people. Without its model the
scores are unknown, never clean.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from anlan.domain.events import Event
from anlan.domain.signals import Signal
from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.engine.signals import looking_ahead, reading, signal
from anlan.errors import Unavailable
from anlan.models import text_model
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import TextModel
from anlan.protections.content.deciphering import decipher
from anlan.protections.content.extraction import Contacts
from anlan.protections.content.folding import Folded
from anlan.protections.content.lexicon import TERM_CATEGORIES, Lexicon, Term, built_in_terms
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.restoring import Restoration
from anlan.protections.content.shelf import LexiconShelf

MODEL_PATH = Path(text_model.__file__).parent / "artefacts" / "text_model.npz"
MIN_TEMPLATE_CHARS = 10

_DIGITS = re.compile(r"\d+")
_ZEROS = re.compile("0+")
_CJK = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]")


class TextReading(NamedTuple):
    """Everything that one look at a text gives.

    Attributes:
        text: as written.
        folded, contacts, restorations: as in `Deciphered`.
        scores: probability of each category, summing to 1; None when the model is not there or there is no text.
    """

    text: str
    folded: Folded
    contacts: Contacts
    hits: tuple[Term, ...] = ()
    scores: dict[str, float] | None = None
    restorations: tuple[Restoration, ...] = ()


def read_text(text: str, lexicon: Lexicon, model: TextModel | None, at: float | None = None) -> TextReading:
    """Decipher, look up and score `text`, which was sent `at` (event time; decides which terms have expired)."""
    folded, contacts, restorations, words = decipher(text)
    hits = lexicon.hits(folded, at)
    scores = _score(words, model) if text else None
    return TextReading(text, folded, contacts, hits, scores, restorations)


def _score(words: str, model: TextModel | None) -> dict[str, float] | None:
    return dict(zip(model.categories, model.probabilities(words), strict=True)) if model else None


def model_input(text: str) -> str:
    """What the model sees of `text`, in training as at run time."""
    return decipher(text).words


@cache
def _shipped() -> LexiconShelf:
    return LexiconShelf(built_in_terms())


def shipped_model() -> TextModel | None:
    """The model that comes with the package, ready to score; None where it or its encoder cannot be loaded."""
    model = packed_model()
    if model is not None:
        model.unpack()
    return model


@cache
def packed_model() -> TextModel | None:
    """The same before its encoder is unpacked: it can be named, and its first score takes seconds."""
    try:
        return TextModel(text_model.load(MODEL_PATH), SentenceEncoder.load(), further_lines)
    except Unavailable:
        return None


def text_models() -> dict[str, str]:
    """Model name to version; `unavailable` while the scores are unknown for want of it. Loads it at the first call."""
    model = shipped_model()
    return {"text_model": model.version if model else "unavailable"}


def _read(text: str, **given: object) -> TextReading:
    """A reading for examples: no lexicon, no model."""
    return read_text(text, Lexicon(()), None)._replace(**given)  # type: ignore[arg-type]


_FRAUD = _read("退款请加QQ 12345678", scores=dict(zip(TEXT_CATEGORIES, (0.2, 0.0, 0.0, 0.1, 0.6, 0.1), strict=True)))
_UNSCORED = _read("你好")


class InForce(Protocol):
    """Whatever holds the model that texts are scored with now."""

    model: TextModel | None


def _score_ahead(model: TextModel | None, texts: Sequence[str]) -> None:
    if model is not None:
        model.look_ahead([model_input(text) for text in texts])


@looking_ahead(lambda texts: _score_ahead(shipped_model(), texts))
@reading
def text_reading(content_text: str) -> TextReading:
    """One look at the text that all signals below share."""
    return read_text(content_text, _shipped().lexicon, shipped_model())


def bound(signals: Iterable[Signal], shelf: LexiconShelf, models: InForce) -> list[Signal]:
    """`signals` with this family reading whatever lexicon and model are in force; terms as of each event's time."""

    def read(content_text: str, event: Event) -> TextReading:
        return read_text(content_text, shelf.lexicon, models.model, event.time)

    def prepare(texts: Sequence[str]) -> None:
        _score_ahead(models.model, texts)

    own = msgspec.structs.replace(
        text_reading, compute=read, reads=("content_text", "event"), look_ahead=prepare
    )
    return [own if made is text_reading else made for made in signals]


def _score_of(category: str, text_reading: TextReading) -> float | None:
    return None if text_reading.scores is None else text_reading.scores[category]


@signal(
    title={"zh": "文本辱骂分", "en": "Abuse score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _FRAUD}, 0.0), ({"text_reading": _UNSCORED}, None)],
)
def text_abuse_score(text_reading: TextReading) -> float | None:
    """Probability that the text insults, threatens or degrades somebody."""
    return _score_of("abuse", text_reading)


@signal(
    title={"zh": "文本色情分", "en": "Pornography score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _FRAUD}, 0.0), ({"text_reading": _UNSCORED}, None)],
)
def text_porn_score(text_reading: TextReading) -> float | None:
    """Probability that the text offers or asks for sexual content or services."""
    return _score_of("porn", text_reading)


@signal(
    title={"zh": "文本赌博分", "en": "Gambling score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _FRAUD}, 0.1), ({"text_reading": _UNSCORED}, None)],
)
def text_gambling_score(text_reading: TextReading) -> float | None:
    """Probability that the text draws people into gambling."""
    return _score_of("gambling", text_reading)


@signal(
    title={"zh": "文本诈骗分", "en": "Fraud score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _FRAUD}, 0.6), ({"text_reading": _UNSCORED}, None)],
)
def text_fraud_score(text_reading: TextReading) -> float | None:
    """Probability that the text is a step of a fraud: easy money, impersonation, a push to pay."""
    return _score_of("fraud", text_reading)


@signal(
    title={"zh": "文本违规广告分", "en": "Illicit advertising score of the text"}, unit="probability", low=0.0,
    high=1.0, examples=[({"text_reading": _FRAUD}, 0.1), ({"text_reading": _UNSCORED}, None)],
)
def text_ad_score(text_reading: TextReading) -> float | None:
    """Probability that the text advertises forbidden goods, fake traffic or grey services."""
    return _score_of("illicit_ad", text_reading)


@signal(
    title={"zh": "文本有害分", "en": "Harm score of the text"}, unit="probability", low=0.0, high=1.0,
    examples=[({"text_reading": _FRAUD}, 0.8), ({"text_reading": _UNSCORED}, None)],
)
def text_harm_score(text_reading: TextReading) -> float | None:
    """1 minus the probability that the text is harmless."""
    return None if text_reading.scores is None else min(1.0, max(0.0, 1.0 - text_reading.scores["normal"]))


@signal(
    title={"zh": "文本类别", "en": "Category of the text"}, choices=TEXT_CATEGORIES,
    examples=[({"text_reading": _FRAUD}, "fraud"), ({"text_reading": _UNSCORED}, None)],
)
def text_category(text_reading: TextReading) -> str | None:
    """The likeliest category."""
    scores = text_reading.scores
    return None if scores is None else max(scores, key=scores.__getitem__)


@signal(
    title={"zh": "文本字数", "en": "Characters in the text"}, low=0, examples=[({"content_text": "你好 hi"}, 5)],
)
def text_length(content_text: str) -> int:
    """Characters as written."""
    return len(content_text)


@signal(
    title={"zh": "规避写法占比", "en": "Share of evasive spelling"}, unit="share", low=0.0, high=1.0,
    examples=[({"text_reading": _read("傻*逼啊")}, 0.25), ({"text_reading": _UNSCORED}, 0.0)],
)
def text_folding(text_reading: TextReading) -> float:
    """Characters that ordinary writing would not have needed, of all characters."""
    return text_reading.folded.share


_HIT = (Term("刷单", "fraud", 2, "", ""), Term("日结佣金", "fraud", 3, "", ""), Term("代考", "illicit_ad", 2, "", ""))


@signal(
    title={"zh": "命中词条数", "en": "Lexicon terms in the text"}, low=0,
    examples=[({"text_reading": _read("x", hits=_HIT)}, 3), ({"text_reading": _UNSCORED}, 0)],
)
def text_lexicon_hits(text_reading: TextReading) -> int:
    """Different lexicon terms in the text; a hint, never a verdict by itself."""
    return len(text_reading.hits)


@signal(
    title={"zh": "命中词条类别", "en": "Category of the lexicon terms"}, choices=TERM_CATEGORIES,
    examples=[({"text_reading": _read("x", hits=_HIT)}, "fraud"), ({"text_reading": _UNSCORED}, None)],
)
def text_lexicon_category(text_reading: TextReading) -> str | None:
    """The category of the severest term, the first one among equals; unknown without a hit."""
    return max(text_reading.hits, key=lambda term: term.severity).category if text_reading.hits else None


@signal(
    title={"zh": "联系方式个数", "en": "Contact handles in the text"}, low=0,
    examples=[({"text_reading": _FRAUD}, 1), ({"text_reading": _UNSCORED}, 0)],
)
def text_handles(text_reading: TextReading) -> int:
    """Different WeChat, QQ, phone, Telegram and e-mail handles."""
    return len(text_reading.contacts.handles)


@signal(
    title={"zh": "是否含联系方式", "en": "The text holds a contact handle"},
    examples=[({"text_reading": _FRAUD}, True), ({"text_reading": _UNSCORED}, False)],
)
def text_has_contact(text_reading: TextReading) -> bool:
    """At least one contact handle."""
    return bool(text_reading.contacts.handles)


@signal(
    title={"zh": "网址个数", "en": "Addresses in the text"}, low=0,
    examples=[({"text_reading": _read("看 https://a.example.com/1 和 b.cn")}, 2), ({"text_reading": _UNSCORED}, 0)],
)
def text_urls(text_reading: TextReading) -> int:
    """Different registrable domains in the text."""
    return len(text_reading.contacts.domains)


@signal(
    title={"zh": "网址域名", "en": "Domain in the text"},
    examples=[({"text_reading": _read("看 https://a.example.co.uk/1")}, "example.co.uk"),
              ({"text_reading": _UNSCORED}, None)],
)
def url_domain(text_reading: TextReading) -> str | None:
    """Registrable domain of the first address; unknown without one."""
    return text_reading.contacts.domains[0] if text_reading.contacts.domains else None


@signal(
    title={"zh": "数字占比", "en": "Share of digits"}, unit="share", low=0.0, high=1.0,
    examples=[({"content_text": "1号线"}, 1 / 3), ({"content_text": ""}, None)],
)
def text_digits_share(content_text: str) -> float | None:
    """Digits of all characters; unknown for an empty text."""
    return 1.0 - len(_DIGITS.sub("", content_text)) / len(content_text) if content_text else None


@signal(
    title={"zh": "文本模板", "en": "Template of the text"},
    examples=[({"text_reading": _UNSCORED}, None)],
)
def text_template(text_reading: TextReading) -> str | None:
    """16 hex digits, the same whatever handles, addresses and numbers stand in it; unknown under 10 characters."""
    masked = text_reading.contacts.masked
    if len(masked) < MIN_TEMPLATE_CHARS:
        return None
    return hashlib.blake2b(_ZEROS.sub("0", masked).encode("utf-8", "replace"), digest_size=8).hexdigest()


@signal(
    title={"zh": "文本语言", "en": "Language of the text"}, choices=("zh", "en", "other"),
    examples=[({"text_reading": _UNSCORED}, "zh"), ({"text_reading": _read("hello there")}, "en"),
              ({"text_reading": _read("привет")}, "other")],
)
def text_language(text_reading: TextReading) -> str:
    """zh with any Chinese character, en with Latin letters only, else other; a guess from the script."""
    plain = text_reading.folded.plain
    if _CJK.search(plain):
        return "zh"
    return "en" if plain.isascii() and _LATIN.search(plain) else "other"


SIGNALS: tuple[Signal, ...] = (
    text_reading,
    text_abuse_score,
    text_porn_score,
    text_gambling_score,
    text_fraud_score,
    text_ad_score,
    text_harm_score,
    text_category,
    text_length,
    text_folding,
    text_lexicon_hits,
    text_lexicon_category,
    text_handles,
    text_has_contact,
    text_urls,
    url_domain,
    text_digits_share,
    text_template,
    text_language,
)
