"""What the public is told of a campaign: its bulletin in both languages, and answers to rumours."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from anlan import clock
from anlan.errors import AnlanError
from anlan.store import bulletins as told
from anlan.store.bulletins import Bulletin, Words
from anlan.store.campaigns import find_campaign
from anlan.web.console.gate import allowed
from anlan.web.console.shell import Visit
from anlan.web.console.words import TITLES
from anlan.web.languages import CODES, language, mark

router = APIRouter()

Text = Annotated[str, Form(max_length=20_000)]
_DONE = {
    "saved": mark("Saved. It is public when somebody else publishes it."),
    "published": mark("Published."),
}


@router.get("/campaigns/{campaign_id}/bulletin")
def show_bulletin(visit: Annotated[Visit, allowed("see_figures")], campaign_id: str, done: str = "") -> Response:
    return _draw(visit, campaign_id, done=visit.language.say(_DONE.get(done, "")))


def _draw(
    visit: Visit, campaign_id: str, words: Words | None = None, done: str = "", problem: str = ""
) -> Response:
    with visit.rooms.database.read() as connection:
        campaign = find_campaign(connection, campaign_id)
        versions = told.bulletins_of(connection, campaign_id)
    draft = versions[0] if versions and versions[0].published_at is None else None
    public = next((one for one in versions if one.published_at is not None), None)
    figures = visit.rooms.campaigns.figures(campaign, clock.now())
    if words is None:
        words = draft.words if draft else _to_correct(public)
    if words is None:
        words = visit.rooms.bulletins.suggest(campaign, figures, _grounds(visit))
    return visit.page(
        "console/bulletin.html", answer=422 if problem else 200, campaign=campaign, words=words, draft=draft,
        public=public, figures=figures, done=done, problem=problem,
        may_publish=draft is not None and draft.written_by != visit.actor and visit.can("approve_campaigns"),
    )


def _to_correct(public: Bulletin | None) -> Words | None:
    """The published words without what they themselves corrected."""
    if public is None:
        return None
    kept = public.words
    return Words(title_zh=kept.title_zh, title_en=kept.title_en, body_zh=kept.body_zh, body_en=kept.body_en)


def _grounds(visit: Visit) -> dict[str, dict[str, str]]:
    """Titles of the categories of harm in both languages."""
    zone = visit.rooms.zone
    return {name: {code: language(code, zone).say(title) for code in CODES} for name, title in TITLES.items()}


@router.post("/campaigns/{campaign_id}/bulletin")
def save(
    visit: Annotated[Visit, allowed("write_campaigns")], campaign_id: str, title_zh: Text = "", title_en: Text = "",
    body_zh: Text = "", body_en: Text = "", correction_zh: Text = "", correction_en: Text = "",
) -> Response:
    words = Words(
        title_zh=title_zh.strip(), title_en=title_en.strip(), body_zh=_lines(body_zh), body_en=_lines(body_en),
        correction_zh=correction_zh.strip(), correction_en=correction_en.strip(),
    )
    try:
        visit.rooms.bulletins.save(campaign_id, words, visit.actor, clock.now())
    except AnlanError as error:
        return _draw(visit, campaign_id, words, problem=visit.tell(error))
    return visit.go(f"/campaigns/{campaign_id}/bulletin", done="saved")


def _lines(text: str) -> str:
    """Text of a form with plain line ends."""
    return text.replace("\r\n", "\n").strip()


@router.post("/campaigns/{campaign_id}/bulletin/publish")
def publish(
    visit: Annotated[Visit, allowed("approve_campaigns")], campaign_id: str, version: Annotated[int, Form()],
    written_at: Annotated[float, Form()],
) -> Response:
    try:
        visit.rooms.bulletins.publish(campaign_id, version, written_at, visit.actor, clock.now())
    except AnlanError as error:
        return _draw(visit, campaign_id, problem=visit.tell(error))
    return visit.go(f"/campaigns/{campaign_id}/bulletin", done="published")


@router.post("/campaigns/{campaign_id}/questions")
def answer(
    visit: Annotated[Visit, allowed("write_campaigns")], campaign_id: str, question_zh: Text = "",
    question_en: Text = "", answer_zh: Text = "", answer_en: Text = "",
) -> Response:
    texts = {
        "question_zh": question_zh.strip(), "question_en": question_en.strip(), "answer_zh": _lines(answer_zh),
        "answer_en": _lines(answer_en),
    }
    visit.rooms.bulletins.answer(campaign_id, texts, visit.actor, clock.now())
    return visit.go(f"/campaigns/{campaign_id}")


@router.post("/campaigns/{campaign_id}/questions/{question_id}")
def show_answer(
    visit: Annotated[Visit, allowed("approve_campaigns")], campaign_id: str, question_id: str,
    is_shown: Annotated[bool, Form()],
) -> Response:
    visit.rooms.bulletins.show(campaign_id, question_id, visit.actor, is_shown=is_shown)
    return visit.go(f"/campaigns/{campaign_id}")
