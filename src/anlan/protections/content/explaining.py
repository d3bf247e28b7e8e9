"""Decides what is shown of how a text was read and scored; slow and full, for people who want to see."""

from anlan.domain.text_evidence import Extracted, FoldSeen, ScoreExplained, TermSeen, TextExplained
from anlan.models.text_model import TextModel
from anlan.protections.content.alignment import Masked, mask_in_place
from anlan.protections.content.evidence import explain_scores, weigh
from anlan.protections.content.extracting import extract_all
from anlan.protections.content.lexicon import Lexicon
from anlan.protections.content.nearest import find_nearest
from anlan.protections.content.restoring import evasion_score
from anlan.protections.content.signals import TextReading, read_text
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
    masked = mask_in_place(traced.deep)
    known = model if text else None
    probabilities = dict(zip(known.categories, known.probabilities(masked.text), strict=True)) if known else {}
    likely = sorted(probabilities, key=lambda category: -probabilities[category])
    scores, was_asked = _scores(traced, masked, known) if known else ((), False)
    explained = TextExplained(
        text=text, plain=traced.plain, tight=traced.tight, deep=traced.deep,
        model=model.version if model else "unavailable",
        meaning="unavailable" if model is None else "asked" if was_asked else "spared",
        category=likely[0] if likely else "", runner_up=likely[1] if likely else "",
        probabilities=probabilities, scores=scores, folding=reading.folded.share,
        evasion=evasion_score(reading.restorations),
        folds=tuple(
            FoldSeen(fold.kind, fold.level, fold.start, fold.end, fold.written, fold.read, fold.score)
            for fold in traced.folds[:MAX_FOLDS]
        ),
        terms=_terms(traced, lexicon), moves=(),
        extracted=tuple(Extracted(*one) for one in extract_all(text, traced)[:MAX_TERMS]),
        nearest=find_nearest(known, masked.text) if known and with_nearest else (),
    )
    return explained, reading


def _scores(traced: Traced, masked: Masked, model: TextModel) -> tuple[tuple[ScoreExplained, ...], bool]:
    """The scores explained, and whether the meaning was asked for."""
    breakdown = model.breakdown(masked.text)
    places = [traced.span("deep", *place) for place in masked.ranges]
    weights = weigh(model, masked.text, breakdown, places, len(traced.text))
    probabilities = model.probabilities(masked.text)
    scores = explain_scores(model.categories, probabilities, breakdown, weights, traced.text)
    return scores, breakdown.by_meaning is not None


def _terms(traced: Traced, lexicon: Lexicon) -> tuple[TermSeen, ...]:
    """Every term at its place, once, whichever form of the text shows it there."""
    seen: dict[tuple[int, int, str], TermSeen] = {}
    for form in FORMS:
        for term, first, last in lexicon.matches(traced.forms[form].text):
            start, end = traced.span(form, first, last)
            seen.setdefault((start, end, term.text), TermSeen(term.text, term.category, term.severity, start, end))
    return tuple(seen[key] for key in sorted(seen)[:MAX_TERMS])
