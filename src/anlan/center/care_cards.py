"""Shows care cards to minors: takes in what decisions order, asks whether it helps, and keeps what readers did.

Decisions know moments, never ages. Whose account is a minor's is read here, from a sealed fact that the platform gave;
of all others nothing is kept. Where a life may be in danger a person is asked to be there, whatever the age.
"""

from collections.abc import Sequence
from hashlib import blake2b

import structlog
from sqlalchemy import Connection

from anlan.domain.care_card_messages import care_card_message
from anlan.domain.care_cards import FRESH_S, THEME_EVERY_S, Band, CardAnswer, CardBook, CareCard, band_of, may_show
from anlan.errors import NotFound
from anlan.store import care_cards as rows
from anlan.store import outbox
from anlan.store.automatic import Step, follow
from anlan.store.batch import storable
from anlan.store.care_cards import Card, Ordered
from anlan.store.cases import NewCase, add_findings, open_case
from anlan.store.database import Database
from anlan.store.marks import CARE_CARDS
from anlan.store.vault import Codec

log = structlog.get_logger(__name__)

QUEUE = "care"
"""Where people who help find whom they are asked to be there for."""
CATEGORY = "care"


class CareCards:
    """What minors are shown.

    Args:
        book: every card.
        address: how browsers reach Anlan.
    """

    def __init__(self, database: Database, codec: Codec, book: CardBook, address: str) -> None:
        self._database = database
        self._codec = codec
        self.book = book
        self._address = address

    def take_in(self, now: float) -> int:
        """Follow decisions to the journal's end; returns how many cards were shown."""
        def keep(connection: Connection, found: Sequence[tuple[Ordered, Band | None]]) -> int:
            return sum(self._care(connection, one, band, now) for one, band in found)

        return follow(self._database, CARE_CARDS, self._look, keep)

    def _look(self, connection: Connection, step: Step) -> list[tuple[Ordered, Band | None]]:
        """The cards that a step asks for of minors, and those for which a person is needed; one for each reader."""
        found = [one for one in rows.ordered_in(connection, step) if self._is_known(one)]
        settled = rows.settled(connection, [one.event_seq for one in found if one.pass_number > 1])
        told = rows.age_bands(connection, self._codec, {one.account for one in found})
        first: dict[tuple[int, str], tuple[Ordered, Band | None]] = {}
        for one in found:
            name, band = (one.event_seq, storable(one.account)), band_of(told.get(one.account))
            if name not in settled and (band is not None or self.book[one.theme].needs_person):
                first.setdefault(name, (one, band))
        return list(first.values())

    def _is_known(self, ordered: Ordered) -> bool:
        if ordered.theme not in self.book:
            log.warning("care_card_without_theme", policy=ordered.policy, event_seq=ordered.event_seq)
            return False
        return True

    def _care(self, connection: Connection, ordered: Ordered, band: Band | None, now: float) -> bool:
        """Ask for a person and show the card, where each helps; whether a card was shown."""
        card = self.book[ordered.theme]
        earlier = rows.earlier_cards(connection, ordered.account, now - THEME_EVERY_S) if band else []
        case_id = self._call_person(connection, ordered, now) if card.needs_person else None
        if band is None:
            return False
        is_shown = now - ordered.time <= FRESH_S and may_show(card, earlier, now)
        kept = Card(
            id=card_id(ordered.event_seq, ordered.account), event_seq=ordered.event_seq, account=ordered.account,
            theme=card.theme, version=card.version, state="shown" if is_shown else "held", made_at=now,
            case_id=case_id,
        )
        rows.add_card(connection, kept)
        if is_shown:
            outbox.put(connection, [care_card_message(kept.id, kept.account, card, self._address, now)], now)
        return is_shown

    def _call_person(self, connection: Connection, ordered: Ordered, now: float) -> str:
        """The case in which a person is there for this account; what was said since stands in it too."""
        open_already = rows.open_help(connection, ordered.account, QUEUE)
        if open_already is not None:
            add_findings(connection, open_already, ordered.event_seq)
            return open_already
        new = NewCase(
            kind="assistance", queue=QUEUE, target=ordered.account, priority=1, category=CATEGORY,
            policy=ordered.policy, event_seq=ordered.event_seq,
        )
        return open_case(connection, new, f"policy:{ordered.policy}", now)

    def is_young(self, account: str) -> bool:
        """Whether the platform says that the owner of this account is a minor."""
        with self._database.read() as connection:
            return band_of(rows.age_bands(connection, self._codec, [account]).get(account)) is not None

    def list_shown(self, account: str) -> list[Card]:
        """What this account was shown, newest first."""
        with self._database.read() as connection:
            return rows.cards_of(connection, account)

    def open(self, account: str, card_id: str, now: float) -> tuple[Card, Sequence[CardAnswer], Band]:
        """The card as its reader looks at it, what they did with it before, and whose words they read; it is noted.

        Raises:
            NotFound: this account was shown no such card.
        """
        with self._database.read() as connection:
            found = _find(connection, account, card_id)
            answers = rows.answers_to(connection, [card_id])[card_id]
            band = band_of(rows.age_bands(connection, self._codec, [account]).get(account))
        if "opened" not in answers:
            with self._database.write() as connection:
                rows.record_answer(connection, card_id, "opened", now)
        return found, answers, band or "16_to_17"  # who has grown up since reads the words of the oldest

    def answer(self, account: str, card_id: str, answer: CardAnswer, now: float) -> Card:
        """Note what the reader did; the same again changes nothing.

        Raises:
            NotFound: this account was shown no such card.
        """
        with self._database.write() as connection:
            found = _find(connection, account, card_id)
            rows.record_answer(connection, card_id, answer, now)
        return found

    def card_of(self, kept: Card) -> CareCard | None:
        """The words of a card; None when its theme is gone."""
        return self.book.get(kept.theme)


def card_id(event_seq: int, account: str) -> str:
    """The same event and account always give the same id."""
    return f"care_{blake2b(f'{event_seq}|{account}'.encode(), digest_size=12).hexdigest()}"


def _find(connection: Connection, account: str, wanted: str) -> Card:
    found = rows.find_card(connection, wanted, account)
    if found is None:
        raise NotFound(
            "there is no such card of this member", zh="没有这张卡片，或它不是给你的。",
            en="There is no such card, or it is not for you.",
        )
    return found
