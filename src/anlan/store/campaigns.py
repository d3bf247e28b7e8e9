"""Campaigns and the cases that are theirs; who gets there first is settled by keys, so no case is of two campaigns."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan.domain.campaigns import CampaignState, CaseWay, Target
from anlan.errors import Conflict, NotFound
from anlan.store.tables import campaign_cases, campaign_looks, campaigns, cases, events


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign, as `tables.campaigns` has it; times are wall-clock seconds."""

    id: str
    title_zh: str
    title_en: str
    why: str
    event_types: tuple[str, ...]
    scope: str
    widened: str
    widened_per_day: int
    queue: str
    starts_at: float
    ends_at: float
    targets: Mapping[Target, int]
    state: CampaignState
    author: str
    proposed_at: float
    approver: str | None = None
    approved_at: float | None = None
    stopped_by: str | None = None
    seen_seq: int = 0

    @property
    def title(self) -> dict[str, str]:
        """Its title by language."""
        return {"zh": self.title_zh, "en": self.title_en}


class OpenedCase(msgspec.Struct, frozen=True):
    """A case with the event that it began with."""

    id: str
    event_seq: int
    event_time: float
    opened_at: float


def add_campaign(connection: Connection, campaign: Campaign) -> None:
    """Keep a new one."""
    row = msgspec.structs.asdict(campaign) | {
        "event_types": ",".join(campaign.event_types), "targets": msgspec.json.encode(campaign.targets),
    }
    connection.execute(insert(campaigns), row)


def find_campaign(connection: Connection, campaign_id: str) -> Campaign:
    """The campaign with this id.

    Raises:
        NotFound: there is none.
    """
    found = list_campaigns(connection, campaign_id=campaign_id)
    if not found:
        raise NotFound(f"there is no campaign {campaign_id[:40]}", zh=f"没有专项行动 {campaign_id[:40]}")
    return found[0]


def list_campaigns(
    connection: Connection, states: Collection[CampaignState] = (), campaign_id: str | None = None
) -> list[Campaign]:
    """Campaigns, the last to start first."""
    query = select(campaigns).order_by(campaigns.c.starts_at.desc(), campaigns.c.id)
    if states:
        query = query.where(campaigns.c.state.in_(states))
    if campaign_id is not None:
        query = query.where(campaigns.c.id == campaign_id)
    return [
        Campaign(**{
            **row, "event_types": tuple(row["event_types"].split(",")), "targets": msgspec.json.decode(row["targets"]),
        })
        for row in connection.execute(query).mappings()
    ]


def move_campaign(
    connection: Connection, campaign_id: str, before: Sequence[CampaignState], state: CampaignState, **values: object
) -> bool:
    """Move it if it stands in one of the states `before`; False when it does not. The database compares the names.

    Raises:
        Conflict: the database refuses the move.
    """
    query = update(campaigns).where(campaigns.c.id == campaign_id, campaigns.c.state.in_(before))
    try:
        with connection.begin_nested():
            return connection.execute(query.values(state=state, **values)).rowcount == 1
    except IntegrityError as error:
        raise Conflict("who proposed a campaign cannot approve it", zh="提出专项行动的人不能自己批准") from error


def cases_to_ask(connection: Connection, campaign: Campaign, limit: int, *, is_last: bool) -> list[OpenedCase]:
    """Cases of the campaign's time that it has not looked at: open ones; closed ones too when it is about to end."""
    states = ("open", "closed") if is_last else ("open",)
    looked = select(campaign_looks.c.case_id).where(
        campaign_looks.c.campaign_id == campaign.id, campaign_looks.c.case_id == cases.c.id
    )
    query = (
        select(cases.c.id, cases.c.event_seq, events.c.time, cases.c.opened_at)
        .join(events, events.c.seq == cases.c.event_seq)
        .where(cases.c.state.in_(states), ~looked.exists())
        .where(cases.c.opened_at >= campaign.starts_at, cases.c.opened_at < campaign.ends_at)
        .order_by(cases.c.opened_at, cases.c.id)
        .limit(limit)
    )
    return [OpenedCase(*row) for row in connection.execute(query)]


def note_looks(connection: Connection, campaign_id: str, case_ids: Collection[str]) -> set[str]:
    """Remember that these cases were asked; which of them nobody had asked before. The caller holds the campaign's row.
    """
    known = select(campaign_looks.c.case_id).where(
        campaign_looks.c.campaign_id == campaign_id, campaign_looks.c.case_id.in_(case_ids)
    )
    fresh = set(case_ids) - set(connection.execute(known).scalars())
    rows = [{"campaign_id": campaign_id, "case_id": case_id} for case_id in sorted(fresh)]
    if rows:
        connection.execute(insert(campaign_looks), rows)
    return fresh


def lock_campaign(connection: Connection, campaign_id: str, seen_seq: int, new_seq: int) -> bool:
    """Take the running campaign's row, if nobody else has moved it on from `seen_seq`, and move it to `new_seq`."""
    taken = connection.execute(
        update(campaigns)
        .where(campaigns.c.id == campaign_id, campaigns.c.state == "running", campaigns.c.seen_seq == seen_seq)
        .values(seen_seq=new_seq)
    )
    return taken.rowcount == 1


def take_case(connection: Connection, campaign_id: str, case_id: str, way: CaseWay, now: float) -> bool:
    """Make a case the campaign's, unless it is another's."""
    row = {"campaign_id": campaign_id, "case_id": case_id, "way": way, "at": now}
    try:
        with connection.begin_nested():
            connection.execute(insert(campaign_cases), row)
    except IntegrityError:
        return False
    return True


def move_to_queue(connection: Connection, case_id: str, queue: str) -> bool:
    """Put an open case into another queue; False when it stands there or is not open."""
    moved = connection.execute(
        update(cases).where(cases.c.id == case_id, cases.c.state == "open", cases.c.queue != queue).values(queue=queue)
    )
    return moved.rowcount == 1


def campaign_of(connection: Connection, case_id: str) -> str | None:
    """The campaign that a case belongs to."""
    return connection.execute(
        select(campaign_cases.c.campaign_id).where(campaign_cases.c.case_id == case_id)
    ).scalar_one_or_none()


def known_targets(connection: Connection, campaign_id: str) -> set[str]:
    """Whom the campaign has a case about."""
    query = select(cases.c.target).join(campaign_cases).where(campaign_cases.c.campaign_id == campaign_id)
    return set(connection.execute(query).scalars())


def events_without_case(connection: Connection, seqs: Sequence[int]) -> list[tuple[int, str]]:
    """(seq, who acted) of those of `seqs` that no case began with, in order."""
    has_case = select(cases.c.id).where(cases.c.event_seq == events.c.seq).exists()
    query = select(events.c.seq, events.c.actor).where(events.c.seq.in_(seqs), ~has_case).order_by(events.c.seq)
    return [(row.seq, row.actor) for row in connection.execute(query)]


def first_time_after(connection: Connection, seq: int) -> float | None:
    """The least event time of what was committed after `seq`; None when nothing was."""
    found: float | None = connection.execute(select(func.min(events.c.time)).where(events.c.seq > seq)).scalar_one()
    return found


def last_seq(connection: Connection) -> int:
    """Of the newest event; 0 when there is none."""
    return connection.execute(select(func.max(events.c.seq))).scalar_one() or 0


def taken_at(connection: Connection, campaign_id: str, way: CaseWay | None = None, since: float = 0.0) -> list[float]:
    """When cases became the campaign's, oldest first."""
    query = select(campaign_cases.c.at).where(campaign_cases.c.campaign_id == campaign_id, campaign_cases.c.at >= since)
    if way is not None:
        query = query.where(campaign_cases.c.way == way)
    return list(connection.execute(query.order_by(campaign_cases.c.at)).scalars())
