"""Before a member changes what keeps others out, they prove that it is them: by what they set up, else by a code."""

from hashlib import sha256

from starlette.responses import Response

from anlan import clock
from anlan.center.challenges import Visitor
from anlan.center.factors import CHANGE
from anlan.domain.factors import LEVELS, Level
from anlan.errors import AnlanError
from anlan.web.languages import mark
from anlan.web.pages.gate import MEMBER_COOKIE
from anlan.web.pages.shell import MemberVisit

NOTHING_TO_PROVE_BY = mark("You cannot prove yourself now: the account has nothing to do it with.")


def session_of(visit: MemberVisit) -> str:
    """The name under which this visit to our own pages proves itself; nobody can make it who has not the cookie."""
    return f"member:{sha256(visit.request.cookies.get(MEMBER_COOKIE, '').encode()).hexdigest()[:32]}"


def is_proven(visit: MemberVisit) -> bool:
    """Whether this visit has proved itself within the last minutes, or the account has nothing yet to prove it by."""
    return visit.rooms.factors.is_proven(visit.account, session_of(visit), clock.now())


def start_proof(visit: MemberVisit, leads_to: str) -> Response:
    """Send the reader to a challenge that leads back to `leads_to`.

    Raises:
        AnlanError: there can be none now; `refusal` says why.
    """
    now, challenges, client = clock.now(), visit.rooms.challenges, visit.request.client
    visitor = Visitor(
        session=session_of(visit), ip=client.host if client else "", agent=visit.request.headers.get("user-agent", "")
    )
    with visit.rooms.database.write() as connection:
        level: Level = "factor" if challenges.methods_for(connection, visit.account, "factor") else "channel"
        started = challenges.start(
            connection, visit.account, CHANGE, now, level=level, visitor=visitor, by=visit.account, leads_to=leads_to,
        )
    return visit.go(started.path)


def refusal(visit: MemberVisit, error: AnlanError) -> str:
    """Why no proof could be asked for, in the reader's language."""
    return visit.language.say(NOTHING_TO_PROVE_BY) if error.details.get("level") in LEVELS else visit.tell(error)
