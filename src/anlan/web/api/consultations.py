"""Talks with the assistant for platforms that show them in a chat of their own; the key speaks for its members."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from msgspec import Meta
from starlette.responses import Response

from anlan import clock
from anlan.center.assistant.talks import MAX_WORDS_CHARS, Spoken
from anlan.domain.consultation_turns import Turn
from anlan.domain.consultations import ConsultationState, Offer, Speaking, Sureness
from anlan.store.consultations import Consultation
from anlan.web.api.calls import CallerDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["consultations"])

Name = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Tongue = Annotated[Literal["zh", "en"], Meta(description="What the assistant speaks.")]
TalkId = Annotated[str, Path(pattern=r"^talk_[0-9a-f]{24}$")]
Account = Annotated[
    str,
    Query(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$", description="Whose talk, as events name it."),
]


class ConsultationWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wants to talk.

    Attributes:
        account: the account's id, as events name it.
        alert: the id of an alert that they were sent, to begin with what it warned of; null for none.
    """

    account: Name
    language: Tongue = "zh"
    alert: Annotated[str, Meta(pattern=r"^alert_[0-9a-f]{24}$")] | None = None


class WordsSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a member says; passwords, codes and card numbers in it are covered before anything is kept."""

    account: Name
    words: Annotated[str, Meta(min_length=1, max_length=MAX_WORDS_CHARS)]
    language: Tongue = "zh"


class ActTaken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An offer that a member took.

    Attributes:
        what: `report` whom the alert was about, `protect` the account, ask a `person`, or `no_follow_up`.
        shows_talk: with `person`: they may read what was said.
    """

    account: Name
    what: Offer
    language: Tongue = "zh"
    shows_talk: bool = False


class ConsultationShown(msgspec.Struct, frozen=True, kw_only=True):
    """A talk as its member may see it; show it to nobody else.

    Attributes:
        scenario: what it seems to be, as `GET /v1/scenarios` lists them; empty for nothing that we know.
        sureness: `likely`, `possible` or `none`.
        follow_up_at: when the member is asked how things are; null for not.
        turns: what was said; after `POST`, only what is new. Texts are in the member's language.
    """

    id: str
    account: str
    state: ConsultationState
    scenario: str
    sureness: Sureness
    opened_at: float
    spoken_at: float
    follow_up_at: float | None
    turns: tuple["TurnShown", ...]


class TurnShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one side said.

    Attributes:
        text: all of it as plain text.
        parts: the same, paragraph by paragraph, for a chat that shows lists and buttons to call.
        offers: what may be done now with one press, on the last turn.
    """

    ordinal: int
    by: Speaking
    at: float
    text: str
    parts: tuple["PartShown", ...]
    offers: tuple[Offer, ...]


class PartShown(msgspec.Struct, frozen=True, kw_only=True):
    """One paragraph or list.

    Attributes:
        kind: `text`, `points` (what speaks for it, with quotes), `steps` or `lines` (whom to call).
        source: the scenario that it rests upon, `<id>@<version>`; empty for general advice.
    """

    kind: str
    text: str
    source: str
    items: tuple["ItemShown", ...]


class ItemShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list; `quote` is the member's own words, `dial` a number that can be called as it stands."""

    text: str
    quote: str
    dial: str
    note: str


@router.post(
    "/v1/consultations",
    **documented("assistant:write", ConsultationShown, status=201, takes=ConsultationWanted, problems=(404,)),
)
def open_consultation(
    caller: CallerDep, wanted: Annotated[ConsultationWanted, body_of(ConsultationWanted)]
) -> Response:
    """Begin a talk; the same alert goes on with the same talk."""
    account, assistant = f"account:{wanted.account}", caller.house.company.assistant
    spoken = assistant.open(account, wanted.language, clock.now(), wanted.alert or "")
    return answer(_shown(spoken.talk, spoken.turns), 201)


@router.post(
    "/v1/consultations/{talk_id}/turns",
    **documented("assistant:write", ConsultationShown, takes=WordsSaid, problems=(404, 409)),
)
def say_words(caller: CallerDep, talk_id: TalkId, said: Annotated[WordsSaid, body_of(WordsSaid)]) -> Response:
    """Say something; the answer has the member's turn as it is kept, and the assistant's."""
    account, assistant = f"account:{said.account}", caller.house.company.assistant
    return _answered(assistant.hear(account, talk_id, said.words, said.language, clock.now()))


@router.post(
    "/v1/consultations/{talk_id}/acts",
    **documented("assistant:write", ConsultationShown, takes=ActTaken, problems=(404, 409, 422)),
)
def take_offer(caller: CallerDep, talk_id: TalkId, taken: Annotated[ActTaken, body_of(ActTaken)]) -> Response:
    """Do what the assistant offered."""
    acts, account, now = caller.house.company.talk_acts, f"account:{taken.account}", clock.now()
    return _answered(acts.take(account, talk_id, taken.what, taken.language, now, shows_talk=taken.shows_talk))


@router.get("/v1/consultations/{talk_id}", **documented("assistant:write", ConsultationShown, problems=(404,)))
def get_consultation(caller: CallerDep, talk_id: TalkId, account: Account) -> Response:
    """A talk with everything that was said, for its member. Each look is in the audit log."""
    talk, turns = caller.house.company.assistant.look(f"account:{account}", talk_id)
    caller.note("consultation.read", talk.account)
    return answer(_shown(talk, turns))


@router.delete("/v1/consultations/{talk_id}", **documented("assistant:write", None, status=204, problems=(404,)))
def delete_consultation(caller: CallerDep, talk_id: TalkId, account: Account) -> Response:
    """Remove a talk for good because its member says so, with every summary that was given to a person."""
    caller.house.company.assistant.delete(f"account:{account}", talk_id)
    return Response(status_code=204)


def _answered(spoken: Spoken) -> Response:
    return answer(_shown(spoken.talk, spoken.turns))


def _shown(talk: Consultation, turns: tuple[Turn, ...]) -> ConsultationShown:
    known = talk.known
    return ConsultationShown(
        id=talk.id, account=talk.account.removeprefix("account:"), state=talk.state,
        scenario=known.scenario if known.sureness != "none" else "", sureness=known.sureness,
        opened_at=talk.opened_at, spoken_at=talk.spoken_at, follow_up_at=talk.follow_up_at,
        turns=tuple(_turn(turn) for turn in turns),
    )


def _turn(turn: Turn) -> TurnShown:
    parts = tuple(
        PartShown(
            kind=part.kind, text=part.text, source=part.source,
            items=tuple(ItemShown(text=one.text, quote=one.quote, dial=one.dial, note=one.note) for one in part.items),
        )
        for part in turn.parts
    )
    return TurnShown(
        ordinal=turn.ordinal, by=turn.by, at=turn.at, text=turn.words, parts=parts, offers=turn.offers
    )
