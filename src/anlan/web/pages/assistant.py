"""A member's talks with the assistant: ask, be answered as it is written, act with one press, keep it or delete it.

Everything works by plain forms; `assistant.js` sends the same form to `stream` and shows the answer as it comes.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, File, Form, Path, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from anlan import clock
from anlan.center.assistant.talks import MAX_WORDS_CHARS, PAGE, Spoken
from anlan.domain.consultation_turns import Turn
from anlan.domain.consultations import Offer
from anlan.errors import AnlanError
from anlan.store.alerts import find_alert
from anlan.store.consultations import Consultation
from anlan.store.transfers import waiting_transfers
from anlan.web.languages import mark
from anlan.web.pages.gate import OwnVisit, stay_alone
from anlan.web.pages.shell import Card, MemberVisit
from anlan.web.pages.uploads import read_files

router = APIRouter()

TALK = PAGE + "/{talk_id}"
TalkId = Annotated[str, Path(pattern=r"^talk_[0-9a-f]{24}$")]
AlertId = Annotated[str, Path(pattern=r"^alert_[0-9a-f]{24}$")]
Words = Annotated[str, Form(max_length=MAX_WORDS_CHARS)]
Picture = Annotated[list[UploadFile], File()]
EXAMPLES = (
    mark("Somebody says I won a prize and must pay a fee first. Is that real?"),
    mark("A friend asks me to lend them money. How can I check?"),
    mark("I have sent the money already. What now?"),
)
"""What a member may begin with by one press."""


@router.get(PAGE)
def show_talks(visit: OwnVisit, done: str = "") -> Response:
    """Ask something, and every talk that there was."""
    return _draw_start(visit, is_deleted=done == "deleted")


def _draw_start(
    visit: MemberVisit, *, is_deleted: bool = False, problem: str = "", words: str = "", answer: int = 200
) -> Response:
    talks = visit.rooms.assistant.talks_of(visit.account)
    return visit.page(
        "pages/assistant.html", answer=answer, talks=talks, titles={talk.id: _title(visit, talk) for talk in talks},
        examples=EXAMPLES, max_words=MAX_WORDS_CHARS, is_deleted=is_deleted, problem=problem, words=words,
    )


def _title(visit: MemberVisit, talk: Consultation) -> str:
    known, scenarios = talk.known, visit.rooms.assistant.scenarios
    scenario = scenarios.get(known.scenario if known.sureness != "none" else known.alert_scenario)
    return visit.language.pick(scenario.title) if scenario else visit.language.say(mark("A question"))


@router.post(PAGE)
def begin(visit: OwnVisit, words: Words = "") -> Response:
    """Begin a talk, with or without first words."""
    try:
        talk = visit.rooms.assistant.open(visit.account, visit.language.code, clock.now()).talk
        if words.strip():
            visit.rooms.assistant.hear(visit.account, talk.id, words, visit.language.code, clock.now())
    except AnlanError as error:
        return _draw_start(visit, problem=visit.tell(error), words=words, answer=error.status)
    return visit.go(f"{PAGE}/{talk.id}")


@router.post(PAGE + "/from/{alert_id}")
def begin_from_alert(visit: OwnVisit, alert_id: AlertId) -> Response:
    """Begin a talk that knows what the alert warned of; the same alert leads to the same talk."""
    talk = visit.rooms.assistant.open(visit.account, visit.language.code, clock.now(), alert_id).talk
    return visit.go(f"{PAGE}/{talk.id}")


@router.get(TALK)
def show_talk(visit: OwnVisit, talk_id: TalkId) -> Response:
    """One talk, with what may be done now."""
    return _draw_talk(visit, talk_id)


def _draw_talk(
    visit: MemberVisit, talk_id: str, *, problem: str = "", words: str = "", answer: int = 200
) -> Response:
    talk, turns = visit.rooms.assistant.look(visit.account, talk_id)
    return visit.page(
        "pages/assistant_talk.html", answer=answer, turns=turns, problem=problem, words=words,
        title=_title(visit, talk), max_words=MAX_WORDS_CHARS, reads_pictures=visit.rooms.assistant.reads_pictures,
        **_tools(visit, talk, turns[-1]),
    )


def _tools(visit: MemberVisit, talk: Consultation, last: Turn) -> dict[str, Any]:
    """What may be done now: offers, whom a report would be about, and payments that wait for this member."""
    with visit.rooms.database.read() as connection:
        alert = find_alert(connection, talk.known.alert, visit.account) if talk.known.alert else None
        waiting = waiting_transfers(connection, visit.account)
    reported = alert.other if alert and alert.other.startswith(("account:", "group:")) else ""
    return {"talk": talk, "offers": last.offers, "reported": reported, "waiting": waiting}


@router.post(TALK + "/say")
def say(visit: OwnVisit, talk_id: TalkId, words: Words = "", picture: Picture = []) -> Response:  # noqa: B006
    """Say something; what went wrong stands on the page, beside the words."""
    try:
        visit.rooms.assistant.hear(
            visit.account, talk_id, words, visit.language.code, clock.now(), _picture(picture)
        )
    except AnlanError as error:
        if error.status == 404:
            raise
        return _draw_talk(visit, talk_id, problem=visit.tell(error), words=words, answer=error.status)
    return visit.go(f"{PAGE}/{talk_id}")


def _picture(uploads: list[UploadFile]) -> bytes:
    files = read_files(uploads[:1])
    return files[0].content if files else b""


@router.post(TALK + "/stream")
async def stream(visit: OwnVisit, talk_id: TalkId, words: Words = "", picture: Picture = []) -> Response:  # noqa: B006
    """The same, answered as server-sent events: `member`, `begin`, then `words` or `part` one by one, `tools` last.

    All but `words` carry HTML of ours, in a JSON string; `problem` carries what went wrong, and ends it.
    """
    held = await run_in_threadpool(_picture, picture)
    return StreamingResponse(
        _events(visit, talk_id, words, held), media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(visit: MemberVisit, talk_id: str, words: str, picture: bytes) -> AsyncIterator[bytes]:
    assistant, language = visit.rooms.assistant, visit.language.code
    try:
        spoken = await run_in_threadpool(
            assistant.hear, visit.account, talk_id, words, language, clock.now(), picture
        )
        yield _event("member", _fragment(visit, "turn", turn=spoken.turns[0]))
        async for event in _answer(visit, spoken):
            yield event
        yield _event("tools", await run_in_threadpool(_draw_tools, visit, spoken))
    except AnlanError as error:
        yield _event("problem", visit.tell(error))


async def _answer(visit: MemberVisit, spoken: Spoken) -> AsyncIterator[bytes]:
    """The assistant's turn: in the words of whoever words it better, where somebody does, else as it is kept."""
    turn, assistant = spoken.turns[-1], visit.rooms.assistant
    yield _event("begin", _fragment(visit, "turn", turn=msgspec.structs.replace(turn, parts=())))
    parts = turn.parts
    if assistant.wording is not None:
        grounds = await run_in_threadpool(assistant.grounds, visit.account, spoken.talk.id, visit.language.code)
        text = ""
        async for piece in assistant.wording.word(grounds):
            text += piece
            yield _event("words", piece)
        if text.strip():
            parts = (await run_in_threadpool(assistant.reword, visit.account, spoken.talk.id, turn.ordinal, text))[1:]
    for part in parts:
        yield _event("part", _fragment(visit, "part", part=part))


def _draw_tools(visit: MemberVisit, spoken: Spoken) -> str:
    return _fragment(visit, "tools", **_tools(visit, spoken.talk, spoken.turns[-1]))


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _fragment(visit: MemberVisit, shows: str, **values: Any) -> str:
    nothing: dict[str, Any] = {"turn": None, "part": None, "talk": None, "offers": (), "reported": "", "waiting": ()}
    page = visit.page("pages/assistant_fragment.html", shows=shows, **(nothing | values))
    return bytes(page.body).decode().strip()


@router.post(TALK + "/do")
def act(
    visit: OwnVisit, talk_id: TalkId, what: Annotated[Offer, Form()], shows_talk: Annotated[str, Form()] = ""
) -> Response:
    """Do with one press what the assistant offered."""
    try:
        visit.rooms.talk_acts.take(
            visit.account, talk_id, what, visit.language.code, clock.now(), shows_talk=shows_talk == "true"
        )
    except AnlanError as error:
        if error.status == 404:
            raise
        return _draw_talk(visit, talk_id, problem=visit.tell(error), answer=error.status)
    back = visit.go(f"{PAGE}/{talk_id}")
    return stay_alone(back, visit) if what == "protect" else back


@router.post(TALK + "/delete")
def delete(visit: OwnVisit, talk_id: TalkId) -> Response:
    """Remove the talk for good."""
    visit.rooms.assistant.delete(visit.account, talk_id)
    return visit.go(PAGE, done="deleted")


@router.get(TALK + "/export")
def export(visit: OwnVisit, talk_id: TalkId) -> Response:
    """Everything that was said, as plain text to keep."""
    talk, turns = visit.rooms.assistant.look(visit.account, talk_id)
    say, moment = visit.language.say, visit.language.moment
    who = {"member": say(mark("I")), "assistant": say(mark("Assistant")), "person": say(mark("Our people"))}
    text = "\n\n".join(f"{who[turn.by]} · {moment(turn.at)}\n{turn.words}" for turn in turns)
    title = say(mark("Talk with the security assistant"))
    return Response(
        f"{title}\n{talk.id}\n\n{text}\n", media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{talk.id}.txt"', "Cache-Control": "no-store"},
    )


def make_card(visit: MemberVisit) -> Card:
    """Whom to ask, for a member's first page; whether the assistant waits for an answer of the next day."""
    waiting = [
        talk for talk in visit.rooms.assistant.talks_of(visit.account)
        if talk.known.waits_for == "how_are_you"
    ]
    say = visit.language.say
    says = mark("Not sure about somebody, a request or a payment? Ask here.")
    if waiting:
        says = mark("The assistant asks how things are since yesterday.")
    path = f"{PAGE}/{waiting[0].id}" if waiting else PAGE
    return Card(path, say("Assistant"), "question", say(says), is_pressing=bool(waiting))
