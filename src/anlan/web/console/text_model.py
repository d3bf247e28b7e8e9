"""The text model's page: its card, how true its scores are, and what each threshold would cost and catch."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isnan, nan
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from markdown_it import MarkdownIt
from starlette.responses import Response

from anlan.domain.model_cards import Bin, Curves, ModelCard, ScoreCurve
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.console.volumes import SIGNALS, Volume

router = APIRouter()

ALL_SETS = "all"
DEFAULT_THRESHOLD = 0.7
SHOWN_THRESHOLDS = 99
"""0.01 to 0.99 by hundredths; the finer ones above are for reports."""
CHART_WIDTH, CHART_HEIGHT = 1000, 220


class Outcome(NamedTuple):
    """What a threshold does; shares are NaN where there is nothing to share.

    Attributes:
        precision: of the texts that reach it, how many are of the category.
        recall: of the texts of the category, how many reach it.
        alarm_share: of the other texts, how many reach it.
    """

    threshold: float
    hits: int
    alarms: int
    precision: float
    recall: float
    alarm_share: float


class Measured(NamedTuple):
    """One score on the sets that were chosen."""

    texts: int
    positives: int
    outcomes: tuple[Outcome, ...]
    bins: tuple[Bin, ...]

    @property
    def precisions(self) -> list[float]:
        """As far as anything reaches the threshold; beyond that the last one."""
        return _without_gaps([one.precision for one in self.outcomes[:SHOWN_THRESHOLDS]])

    @property
    def recalls(self) -> list[float]:
        """Threshold by threshold."""
        return _without_gaps([one.recall for one in self.outcomes[:SHOWN_THRESHOLDS]])


@router.get("/model")
def show_model(
    visit: Annotated[Visit, allowed("see_signals")],
    category: str = "fraud",
    chosen: Annotated[str, Query(alias="set")] = ALL_SETS,
    threshold: float = DEFAULT_THRESHOLD,
) -> Response:
    card = visit.rooms.text_lab.card()
    category = category if category in SIGNALS else "fraud"
    volume = visit.rooms.volumes.read().get(category)
    return visit.page(
        "console/text_model.html", card=card, prose=_prose(card, visit.language.code),
        category=category, category_choices=list(SIGNALS), signal=SIGNALS[category], volume=volume,
        width=CHART_WIDTH, height=CHART_HEIGHT, **_measured(card.curves, category, chosen, threshold, volume),
    )


def _measured(
    curves: Curves | None, category: str, name: str, threshold: float, volume: Volume | None
) -> dict[str, Any]:
    """What the page draws of the curves; `measured` is None where there are none for this choice."""
    if curves is None:
        return {"measured": None, "set_choices": [], "chosen_set": ALL_SETS}
    names = [each.name for each in curves.sets if _curve_of(curves, each.name, category)]
    chosen_set = name if name in names else ALL_SETS
    measured = measure(curves, category, names if chosen_set == ALL_SETS else [chosen_set])
    place = min(range(SHOWN_THRESHOLDS), key=lambda index: abs(curves.thresholds[index] - threshold))
    return {
        "measured": measured, "set_choices": [ALL_SETS, *names], "chosen_set": chosen_set, "place": place,
        "outcome": measured.outcomes[place], "data": _data(measured, volume),
        "by_set": [(each, measure(curves, category, [each]).outcomes[place], measure(curves, category, [each]))
                   for each in names],
    }


def measure(curves: Curves, category: str, names: Sequence[str]) -> Measured:
    """One score over these sets, text by text alike."""
    found = [curve for name in names if (curve := _curve_of(curves, name, category))]
    texts = sum(each.texts for each in curves.sets if each.name in names)
    positives = sum(curve.positives for curve in found)
    outcomes = tuple(
        _outcome(threshold, sum(curve.hits[place] for curve in found), sum(curve.alarms[place] for curve in found),
                 positives, texts - positives)
        for place, threshold in enumerate(curves.thresholds)
    )
    return Measured(texts, positives, outcomes, tuple(map(_joined, zip(*(curve.bins for curve in found), strict=True))))


def _curve_of(curves: Curves, name: str, category: str) -> ScoreCurve | None:
    scores = next((each.scores for each in curves.sets if each.name == name), ())
    return next((curve for curve in scores if curve.category == category), None)


def _outcome(threshold: float, hits: int, alarms: int, positives: int, others: int) -> Outcome:
    return Outcome(
        threshold, hits, alarms, _share(hits, hits + alarms), _share(hits, positives), _share(alarms, others)
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else nan


def _joined(bins: Sequence[Bin]) -> Bin:
    texts = sum(each.texts for each in bins)
    mean = sum(each.texts * each.mean for each in bins) / texts if texts else 0.0
    return Bin(texts, mean, sum(each.positives for each in bins))


def _without_gaps(values: Sequence[float]) -> list[float]:
    kept: list[float] = []
    for value in values:
        kept.append((kept[-1] if kept else 0.0) if isnan(value) else value)
    return kept


def _data(measured: Measured, volume: Volume | None) -> Mapping[str, Any]:
    """What the slider needs to answer without asking again."""
    return {
        "thresholds": [one.threshold for one in measured.outcomes],
        "hits": [one.hits for one in measured.outcomes],
        "alarms": [one.alarms for one in measured.outcomes],
        "positives": measured.positives,
        "others": measured.texts - measured.positives,
        "reaching": [volume.at(one.threshold) for one in measured.outcomes] if volume else [],
        "messages": volume.messages if volume else 0,
    }


def _prose(card: ModelCard, code: str) -> tuple[str, str]:
    """(language tag, card as HTML that needs no escaping) in the reader's language, else in English."""
    known = code if code in card.texts else "en"
    return ("zh-CN" if known == "zh" else known), _html(card.texts.get(known, ""))


@lru_cache(maxsize=8)
def _html(markdown: str) -> str:
    """The card as HTML, headings one level down, without inline styles; HTML inside of it is shown, not obeyed."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = renderer.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if "right" in str(token.attrs.pop("style", "")):
            token.attrSet("class", "number")
    return str(renderer.renderer.render(tokens, renderer.options, {}))
