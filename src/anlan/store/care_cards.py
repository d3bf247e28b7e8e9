"""Care cards as they are kept: what decisions ordered, who may read them, what was shown, and what came of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from anlan.domain.actions import Action
from anlan.domain.care_cards import CardAnswer, CardState, Earlier
from anlan.store.automatic import Passes, Step
from anlan.store.batch import storable
from anlan.store.tables import care_card_answers, care_cards, case_findings, cases, decisions, events, facts
from anlan.store.vault import Codec

ACTION = "care_card"
_NAMED = f'"{ACTION}"'.encode()
_AT_ONCE = 500
KEPT_S = 90 * 86_400.0
"""What is kept of minors goes sooner than what is kept of others."""
_INSERT: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert, "sqlite": sqlite.insert,
}


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """A card that a decision asks for.

    Attributes:
        account: `account:<id>` of who would read it.
        time: event time.
    """

    event_seq: int
    pass_number: int
    account: str
    theme: str
    policy: str
    time: float


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One card of one reader; `case_id` where a person was asked to be there."""

    id: str
    event_seq: int
    account: str
    theme: str
    version: int
    state: CardState
    made_at: float
    case_id: str | None = None


class _Body(msgspec.Struct):
    actions: tuple[Action, ...]


_decode_body = msgspec.json.Decoder(_Body).decode
_PASSES = Passes(select(
    decisions.c.event_seq, decisions.c.pass_number, decisions.c.body, events.c.time
).join(events, events.c.seq == decisions.c.event_seq))
_COLUMNS = [care_cards.c[name] for name in Card.__struct_fields__]
_SHOWN = care_cards.c.state == "shown"


def ordered_in(connection: Connection, step: Step) -> Iterator[Ordered]:
    """The first card that each pass of a step asks for of each account: findings stand most severe first."""
    for row in _PASSES.of(connection, step):
        if _NAMED not in row.body:
            continue
        told: set[str] = set()
        for action in _decode_body(row.body).actions:
            if action.kind == ACTION and action.target.startswith("account:") and action.target not in told:
                told.add(action.target)
                yield Ordered(
                    event_seq=row.event_seq, pass_number=row.pass_number, account=action.target,
                    theme=str(action.parameters["theme"]), policy=action.policy, time=row.time,
                )


def age_bands(connection: Connection, codec: Codec, accounts: Collection[str]) -> dict[str, Any]:
    """What the platform said last of how old these accounts' owners are; of the others nothing is known."""
    names = {storable(account): account for account in accounts}
    found: dict[str, Any] = {}
    stored = list(names)
    for start in range(0, len(stored), _AT_ONCE):
        query = (
            select(facts.c.entity, facts.c.value)
            .where(facts.c.field == "age_band", facts.c.entity.in_(stored[start : start + _AT_ONCE]))
            .order_by(facts.c.since)
        )
        for row in connection.execute(query):
            account = names[row.entity]
            found[account] = codec.open_value(bytes(row.value), account, "age_band")
    return found


def settled(connection: Connection, seqs: Collection[int]) -> set[tuple[int, str]]:
    """(event, account) of which there is a card already, or a person who was asked to be there."""
    if not seqs:
        return set()
    cards = select(care_cards.c.event_seq, care_cards.c.account).where(care_cards.c.event_seq.in_(seqs))
    people = (
        select(case_findings.c.event_seq, cases.c.target).join(cases, cases.c.id == case_findings.c.case_id)
        .where(case_findings.c.event_seq.in_(seqs), cases.c.kind == "assistance")
    )
    return {(row[0], row[1]) for query in (cards, people) for row in connection.execute(query)}


def open_help(connection: Connection, account: str, queue: str) -> str | None:
    """The case in which a person is asked to be there for this account, if one is open."""
    query = select(cases.c.id).where(
        cases.c.target == storable(account), cases.c.state == "open", cases.c.kind == "assistance",
        cases.c.queue == queue,
    )
    return connection.execute(query.order_by(cases.c.opened_at).limit(1)).scalar_one_or_none()


def earlier_cards(connection: Connection, account: str, since: float) -> list[Earlier]:
    """What this reader was shown since `since`, and whatever a person is still awaited for."""
    is_waiting = (cases.c.state == "open").label("is_waiting")
    query = (
        select(care_cards.c.theme, care_cards.c.made_at, is_waiting)
        .outerjoin(cases, cases.c.id == care_cards.c.case_id)
        .where(care_cards.c.account == storable(account), _SHOWN)
        .where((care_cards.c.made_at > since) | (cases.c.state == "open"))
    )
    return [Earlier(row.theme, row.made_at, bool(row.is_waiting)) for row in connection.execute(query)]


def add_card(connection: Connection, card: Card) -> None:
    """Keep a card; the database refuses a second one of the same event for the same reader."""
    connection.execute(insert(care_cards), msgspec.structs.asdict(card) | {"account": storable(card.account)})


def find_card(connection: Connection, card_id: str, account: str) -> Card | None:
    """The card, if this account was shown it."""
    query = select(*_COLUMNS).where(care_cards.c.id == card_id, care_cards.c.account == storable(account), _SHOWN)
    row = connection.execute(query).mappings().one_or_none()
    return Card(**row) if row else None


def cards_of(connection: Connection, account: str) -> list[Card]:
    """What this account was shown, newest first."""
    query = select(*_COLUMNS).where(care_cards.c.account == storable(account), _SHOWN)
    return [Card(**row) for row in connection.execute(query.order_by(care_cards.c.made_at.desc())).mappings()]


def answers_to(connection: Connection, card_ids: Sequence[str]) -> dict[str, list[CardAnswer]]:
    """What was done with each of these cards, in order of time."""
    found: dict[str, list[CardAnswer]] = {card_id: [] for card_id in card_ids}
    query = select(care_card_answers).where(care_card_answers.c.card_id.in_(card_ids))
    for row in connection.execute(query.order_by(care_card_answers.c.at)) if card_ids else ():
        found[row.card_id].append(row.answer)
    return found


def record_answer(connection: Connection, card_id: str, answer: CardAnswer, now: float) -> None:
    """Note what a reader did; the same again changes nothing."""
    adding = _INSERT[connection.dialect.name](care_card_answers).values(card_id=card_id, answer=answer, at=now)
    connection.execute(adding.on_conflict_do_nothing())


def readers_by_theme(connection: Connection, since: float) -> Mapping[str, Mapping[str, int]]:
    """How many different readers each theme had since `since`: `shown`, `held`, and by answer."""
    readers = func.count(care_cards.c.account.distinct())
    stated = select(care_cards.c.theme, care_cards.c.state.label("what"), readers.label("readers"))
    answered = select(care_cards.c.theme, care_card_answers.c.answer.label("what"), readers.label("readers")).join(
        care_card_answers, care_card_answers.c.card_id == care_cards.c.id
    )
    found: dict[str, dict[str, int]] = {}
    for query, what in ((stated, care_cards.c.state), (answered, care_card_answers.c.answer)):
        counted = query.where(care_cards.c.made_at > since).group_by(care_cards.c.theme, what)
        for row in connection.execute(counted):
            found.setdefault(row.theme, {})[row.what] = row.readers
    return found


def forget_cards(connection: Connection, now: float, limit: int) -> int:
    """Delete cards `KEPT_S` after they were made, with what was done with them; returns how many."""
    old = select(care_cards.c.id).where(care_cards.c.made_at < now - KEPT_S).limit(limit)
    ids = connection.execute(old).scalars().all()
    connection.execute(delete(care_card_answers).where(care_card_answers.c.card_id.in_(ids)))
    return connection.execute(delete(care_cards).where(care_cards.c.id.in_(ids))).rowcount
