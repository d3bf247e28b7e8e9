"""Decides what is shown of how a text was read and scored; slow and full, for people who want to see."""

from collections.abc import Iterable
from itertools import chain

from anlan.domain.text_evidence import Extracted, FoldSeen, ScoreExplained, TermSeen, TextExplained
from anlan.models.text_model import TextModel
from anlan.protections.content.alignment import Range, align
from anlan.protections.content.evidence import explain_scores, weigh
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.nearest import find_nearest
from anlan.protections.content.signals import TextReading, model_input, read_text
from anlan.protections.content.tracing import FormName, Traced, trace

MAX_FOLDS, MAX_TERMS = 2_000, 500
"""As many as are shown; a text made of nothing else has more."""
FORMS: tuple[FormName, ...] = ("plain", "tight", "deep")


def explain_text(
    text: str, lexicon: Lexicon, model: TextModel | None, *, with_nearest: bool = True
) -> tuple[TextExplained, TextReading]:
    """What made the scores of `text`, without its moves, and the reading that moves are seen in.

    About 0.1 s with a model: words are left out in turn, and the encoder asked again.
    """
    traced, reading = trace(text), read_text(text, lexicon, model)
    probabilities = reading.scores or {}
    likely = sorted(probabilities, key=lambda category: -probabilities[category])
    scores, meaning_was_asked = _explain(text, traced, model) if model and reading.scores else ((), False)
    masked = model_input(text)
    explained = TextExplained(
        text=text, plain=traced.plain, tight=traced.tight, deep=traced.deep,
        model=model.version if model else "unavailable",
        meaning="unavailable" if model is None else "asked" if meaning_was_asked else "spared",
        category=likely[0] if likely else "", runner_up=likely[1] if likely else "",
        probabilities=probabilities, scores=scores, folding=reading.folded.share,
        folds=tuple(
            FoldSeen(fold.kind, fold.level, fold.start, fold.end, fold.written, fold.read, fold.score)
            for fold in traced.folds[:MAX_FOLDS]
        ),
        terms=_terms(traced, lexicon), moves=(), extracted=_extracted(traced, reading),
        nearest=find_nearest(model, masked) if model and with_nearest and masked.strip() else (),
    )
    return explained, reading


def _explain(text: str, traced: Traced, model: TextModel) -> tuple[tuple[ScoreExplained, ...], bool]:
    masked = model_input(text)
    breakdown = model.breakdown(masked)
    places = [traced.span("tight", *place) for place in align(masked, traced.tight)]
    weights = weigh(model, masked, breakdown, places, len(text))
    scores = explain_scores(model.categories, model.probabilities(masked), breakdown, weights, text)
    return scores, breakdown.by_meaning is not None


def _terms(traced: Traced, lexicon: Lexicon) -> tuple[TermSeen, ...]:
    """Every term at its place, once, whichever form of the text shows it there."""
    seen: dict[tuple[int, int, str], TermSeen] = {}
    for form in FORMS:
        for term, first, last in lexicon.matches(traced.forms[form].text):
            start, end = traced.span(form, first, last)
            seen.setdefault((start, end, term.text), TermSeen(term.text, term.category, term.severity, start, end))
    return tuple(seen[key] for key in sorted(seen)[:MAX_TERMS])


def _extracted(traced: Traced, reading: TextReading) -> tuple[Extracted, ...]:
    handles = ((handle.kind, handle.id) for handle in reading.contacts.handles)
    domains = (("domain", domain) for domain in reading.contacts.domains)
    return tuple(
        Extracted(kind, value, *_place_of(traced, value)) for kind, value in _each_once(chain(handles, domains))
    )


def _each_once(found: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return dict.fromkeys(found)


def _place_of(traced: Traced, value: str) -> Range:
    """Where `value` stands, if it stands there in one piece."""
    for form in FORMS:
        start = traced.forms[form].text.find(value)
        if start >= 0:
            return traced.span(form, start, start + len(value))
    return 0, 0
