"""The life of a campaign: proposed by one person, approved by another, begun and ended by the clock, stopped by anyone.

A campaign lends attention and never acts: it takes over cases whose first event meets its scope, and may open cases
for events that meet a wider condition than the policies in force. So thresholds are lowered for a time without a policy
that could punish by itself: people judge what is found, and law 1 stands as ever. The wider condition has a fuse.
"""

import secrets
from collections.abc import Callable, Mapping

import msgspec
import structlog
from sqlalchemy import Connection

from anlan.domain.campaigns import LONGEST_S, CampaignFigures, CampaignState, Target
from anlan.domain.facts import MAX_NOTICE_ID_CHARS, StaffNotice
from anlan.domain.keys import fitted
from anlan.domain.ports import AnalyticJournal
from anlan.engine.campaign_scopes import ask_events, count_events, find_new
from anlan.engine.conditions import Condition, parse
from anlan.engine.readings import Scope
from anlan.errors import AnlanError, Conflict, Forbidden, InvalidRequest
from anlan.store import audit
from anlan.store import campaigns as stored
from anlan.store.campaign_figures import tally_campaign, tally_everyday
from anlan.store.campaigns import Campaign
from anlan.store.cases import NewCase, open_case, write_history
from anlan.store.database import Database
from anlan.store.notices import tell_staff

log = structlog.get_logger(__name__)

SETTLE_S = 60.0
"""How long after its receipt an event is left alone, so that slow signals have come in."""
UNKNOWN_S = 600.0
"""How long a case whose scope is unknown is asked again."""
WIDENED_EVERY_S = 30.0
ROUND_CASES = 500
DAY_S = 86_400.0
LOOK_BACK_DAYS = 7


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody proposes; see `store.tables.campaigns`."""

    title_zh: str
    title_en: str
    why: str
    event_types: tuple[str, ...]
    scope: str
    widened: str = ""
    widened_per_day: int = 0
    queue: str = ""
    starts_at: float
    ends_at: float
    targets: Mapping[Target, int] = {}


class Campaigns:
    """Leads campaigns.

    Args:
        journal: what conditions are asked of.
        scope: the whole journal with the catalogue of signals, as questions see it.
    """

    def __init__(self, database: Database, journal: AnalyticJournal, scope: Callable[[], Scope]) -> None:
        self._database, self._journal, self._scope = database, journal, scope
        self._widened_at = float("-inf")

    def propose(self, new: NewCampaign, author: str, now: float) -> str:
        """Keep a draft for a second person; its id.

        Raises:
            InvalidRequest: a text, time or number is missing or makes no sense.
            InvalidPolicy: a condition, with the column.
        """
        self._check(new, now)
        campaign = Campaign(
            id=f"camp_{secrets.token_hex(8)}", state="draft", author=author, proposed_at=now,
            **msgspec.structs.asdict(new),
        )
        with self._database.write() as connection:
            stored.add_campaign(connection, campaign)
            details = {"scope": new.scope, "widened": new.widened, "starts_at": new.starts_at, "ends_at": new.ends_at}
            audit.note(connection, author, "campaign.propose", campaign.id, details)
        return campaign.id

    def _check(self, new: NewCampaign, now: float) -> None:
        if not (new.title_zh and new.title_en and new.why):
            raise InvalidRequest("give a title in both languages and say why", zh="请填写中英文标题，并说明理由")
        if not now < new.ends_at or not new.starts_at < new.ends_at <= new.starts_at + LONGEST_S:
            raise InvalidRequest(
                "a campaign ends after it starts, in the future, and within a year",
                zh="专项行动须在开始之后结束，结束时间在将来，且不超过一年",
            )
        if not new.event_types:
            raise InvalidRequest("choose the types of event that it looks at", zh="请选择要查看的事件类型")
        if bool(new.widened) != (new.widened_per_day > 0) or not 0 <= new.widened_per_day <= 1000:
            raise InvalidRequest(
                "a wider condition needs a number of cases a day, from 1 to 1000, and the other way round",
                zh="放宽的条件须配每日案件上限（1 到 1000），反之亦然",
            )
        if any(count <= 0 for count in new.targets.values()):
            raise InvalidRequest("targets are whole numbers above zero", zh="目标须为正整数")
        self.condition(new.scope, new.event_types, "scope")
        if new.widened:
            self.condition(new.widened, new.event_types, "wider condition")

    def condition(self, text: str, event_types: tuple[str, ...], where: str = "") -> Condition:
        """A condition over the catalogue of signals, checked.

        Raises:
            InvalidRequest: an event type that does not exist.
            InvalidPolicy: with the column.
        """
        registry = self._scope().registry
        unknown = [name for name in event_types if name not in registry.catalogue]
        if unknown:
            raise InvalidRequest(f"there is no event type {unknown[0][:80]!r}", zh=f"没有事件类型“{unknown[0][:80]}”")
        return parse(text, registry.types_on(event_types), where)

    def approve(self, campaign_id: str, by: str, now: float) -> None:
        """Let it begin when its time comes.

        Raises:
            NotFound.
            Forbidden: its author cannot.
            Conflict: it is no draft any more, or its time is over.
        """
        with self._database.write() as connection:
            campaign = stored.find_campaign(connection, campaign_id)
            if campaign.author == by:
                raise Forbidden("somebody else must approve what you proposed", zh="你提出的行动须由他人批准")
            if campaign.ends_at <= now:
                raise Conflict("its time is over; propose it anew", zh="它的时间已过，请重新提出")
            last = stored.last_seq(connection)
            if not stored.move_campaign(
                connection, campaign_id, ("draft",), "approved", approver=by, approved_at=now, seen_seq=last
            ):
                raise Conflict("this campaign is no draft any more", zh="这个行动已不是草稿")
            audit.note(connection, by, "campaign.approve", campaign_id, {"author": campaign.author})

    def stop(self, campaign_id: str, by: str, now: float) -> None:
        """Take back what has not begun, or end early what runs; one person is enough to stop.

        Raises:
            NotFound, Conflict.
        """
        with self._database.write() as connection:
            stored.find_campaign(connection, campaign_id)
            if stored.move_campaign(connection, campaign_id, ("draft", "approved"), "withdrawn", stopped_by=by):
                act = "campaign.withdraw"
            elif stored.move_campaign(connection, campaign_id, ("running",), "running", stopped_by=by, ends_at=now):
                act = "campaign.stop"
            else:
                raise Conflict("this campaign is over", zh="这个行动已经结束")
            audit.note(connection, by, act, campaign_id, {})

    def round(self, now: float) -> int:
        """Begin and end campaigns by the clock and take in what is theirs; how many cases that were."""
        with self._database.read() as connection:
            led = stored.list_campaigns(connection, ("approved", "running"))
        taken = 0
        is_widened_due = now >= self._widened_at + WIDENED_EVERY_S
        for campaign in led:
            if campaign.state == "approved" and campaign.starts_at <= now:
                self._move(campaign, "running")
            if campaign.starts_at <= now:
                taken += self._work(campaign.id, now, is_widened_due=is_widened_due)
        if is_widened_due:
            self._widened_at = now
        return taken

    def _move(self, campaign: Campaign, state: CampaignState) -> None:
        with self._database.write() as connection:
            if stored.move_campaign(connection, campaign.id, (campaign.state,), state):
                audit.note(connection, "system", f"campaign.{state}", campaign.id, {})

    def _work(self, campaign_id: str, now: float, *, is_widened_due: bool) -> int:
        """One campaign's part of the round; an error of its conditions leaves the other campaigns alone."""
        with self._database.read() as connection:
            campaign = stored.find_campaign(connection, campaign_id)
        is_over = campaign.ends_at <= now
        try:
            taken, is_done = self._take_in(campaign, now, is_last=is_over)
            if campaign.widened and not is_over and is_widened_due:
                taken += self._open_widened(campaign, now)
        except AnlanError as error:
            log.warning("campaign_not_asked", subject=campaign_id, code=error.code, reason=error.message)
            return 0
        if is_over and is_done:
            self._move(campaign, "ended")
        return taken

    def _take_in(self, campaign: Campaign, now: float, *, is_last: bool) -> tuple[int, bool]:
        """Take over cases whose first event meets the scope; (how many, whether none is left to ask)."""
        with self._database.read() as connection:
            opened = stored.cases_to_ask(connection, campaign, ROUND_CASES, is_last=is_last)
        if not opened:
            return 0, True
        condition = self.condition(campaign.scope, campaign.event_types)
        times = [one.event_time for one in opened]
        scope = msgspec.structs.replace(self._scope(), start=min(times), end=max(times) + 1.0)
        met = ask_events(self._journal, condition, campaign.event_types, scope, {one.event_seq for one in opened})
        asked = [
            one for one in opened
            if is_last or met.get(one.event_seq) is not None or now > one.opened_at + UNKNOWN_S
        ]
        with self._database.write() as connection:
            if not stored.lock_campaign(connection, campaign.id, campaign.seen_seq, campaign.seen_seq):
                return 0, False
            fresh = stored.note_looks(connection, campaign.id, [one.id for one in asked])
            wanted = [one.id for one in asked if one.id in fresh and met.get(one.event_seq)]
            taken = sum(self._take(connection, campaign, case_id, now) for case_id in wanted)
        return taken, len(opened) < ROUND_CASES and len(asked) == len(opened)

    def _take(self, connection: Connection, campaign: Campaign, case_id: str, now: float) -> bool:
        if not stored.take_case(connection, campaign.id, case_id, "scope", now):
            return False
        is_moved = bool(campaign.queue) and stored.move_to_queue(connection, case_id, campaign.queue)
        details = {"campaign": campaign.id, **({"queue": campaign.queue} if is_moved else {})}
        write_history(connection, case_id, "system", "campaign", details, now)
        return True

    def _open_widened(self, campaign: Campaign, now: float) -> int:
        """Open cases for new events that meet the wider condition; one about each account, and no more than a day's."""
        with self._database.read() as connection:
            start = stored.first_time_after(connection, campaign.seen_seq)
        if start is None:
            return 0
        condition = self.condition(campaign.widened, campaign.event_types)
        scope = msgspec.structs.replace(self._scope(), start=max(start, campaign.starts_at), end=campaign.ends_at)
        found = find_new(
            self._journal, condition, campaign.event_types, scope, campaign.seen_seq, now - SETTLE_S
        )
        if found.last_seq == campaign.seen_seq:
            return 0
        with self._database.write() as connection:
            if not stored.lock_campaign(connection, campaign.id, campaign.seen_seq, found.last_seq):
                return 0
            return self._open_each(connection, campaign, found.seqs, now)

    def _open_each(self, connection: Connection, campaign: Campaign, seqs: tuple[int, ...], now: float) -> int:
        known = stored.known_targets(connection, campaign.id)
        left = campaign.widened_per_day - len(stored.taken_at(connection, campaign.id, "widened", now - DAY_S))
        opened = 0
        for seq, actor in stored.events_without_case(connection, seqs):
            if actor in known:
                continue
            if opened >= left:
                self._tell_full(connection, campaign, now)
                break
            new = NewCase(kind="review", queue=campaign.queue or "campaign", target=actor, event_seq=seq)
            case_id = open_case(connection, new, f"campaign:{campaign.id}", now)
            stored.take_case(connection, campaign.id, case_id, "widened", now)
            stored.note_looks(connection, campaign.id, [case_id])
            known.add(actor)
            opened += 1
        return opened

    def _tell_full(self, connection: Connection, campaign: Campaign, now: float) -> None:
        name = fitted(f"campaign_full.{campaign.id}.{now // DAY_S:.0f}", MAX_NOTICE_ID_CHARS)
        details = {"per_day": campaign.widened_per_day}
        tell_staff(connection, [StaffNotice(id=name, at=now, kind="campaign_full", subject=campaign.id,
                                            details=details)], now)

    def figures(self, campaign: Campaign, now: float) -> CampaignFigures:
        """What it came to so far, beside everyday work; from the journal as far as that answers."""
        with self._database.snapshot() as connection:
            own, everyday = tally_campaign(connection, campaign.id), tally_everyday(connection, campaign)
        return CampaignFigures(campaign=own, everyday=everyday, events=self._count_events(campaign), at=now)

    def _count_events(self, campaign: Campaign) -> int | None:
        try:
            condition = self.condition(campaign.scope, campaign.event_types)
            scope = msgspec.structs.replace(self._scope(), start=campaign.starts_at, end=campaign.ends_at)
            return count_events(self._journal, condition, campaign.event_types, scope)[1]
        except AnlanError as error:
            log.warning("campaign_not_counted", subject=campaign.id, code=error.code, reason=error.message)
            return None

    def look_back(self, text: str, event_types: tuple[str, ...], now: float) -> tuple[int, int]:
        """(events of the last week, how many of them meet a condition), for whoever writes one.

        Raises:
            InvalidRequest, InvalidPolicy, TookTooLong, Damaged.
        """
        scope = msgspec.structs.replace(self._scope(), start=now - LOOK_BACK_DAYS * DAY_S, end=now)
        return count_events(self._journal, self.condition(text, event_types), event_types, scope)
