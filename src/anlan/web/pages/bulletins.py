"""What everybody may read: bulletins about campaigns, with what was corrected in them, and answers to rumours."""

from fastapi import APIRouter
from starlette.responses import Response

from anlan.desk.bulletins import published
from anlan.errors import NotFound
from anlan.store import bulletins as told
from anlan.store.campaigns import find_campaign
from anlan.web.languages import mark
from anlan.web.pages.gate import AnyVisit

router = APIRouter()
NOTHING_PUBLIC = mark("Nothing has been published about this. It may be later.")


@router.get("/public")
def list_bulletins(visit: AnyVisit) -> Response:
    with visit.rooms.database.read() as connection:
        names = told.published_campaigns(connection)
        latest = [published(told.bulletins_of(connection, name))[0] for name in names]
    return visit.page("pages/bulletins.html", latest=latest)


@router.get("/public/bulletins/{campaign_id}")
def read_bulletin(visit: AnyVisit, campaign_id: str, version: int = 0) -> Response:
    """The version in force, or an earlier one by its number."""
    with visit.rooms.database.read() as connection:
        versions = published(told.bulletins_of(connection, campaign_id))
        has_answers = bool(told.questions_of(connection, campaign_id, published_only=True))
    shown = next((one for one in versions if version in (0, one.version)), None)
    if shown is None:
        raise NotFound(NOTHING_PUBLIC)
    return visit.page("pages/bulletin.html", shown=shown, versions=versions, has_answers=has_answers)


@router.get("/public/questions/{campaign_id}")
def read_answers(visit: AnyVisit, campaign_id: str) -> Response:
    with visit.rooms.database.read() as connection:
        questions = told.questions_of(connection, campaign_id, published_only=True)
        if not questions:
            raise NotFound(NOTHING_PUBLIC)
        campaign = find_campaign(connection, campaign_id)
        has_bulletin = bool(published(told.bulletins_of(connection, campaign_id)))
    return visit.page("pages/questions.html", questions=questions, campaign=campaign, has_bulletin=has_bulletin)
