"""Campaigns on both databases: two people, the clock, cases that count once, and figures counted by hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from campaigned import DAY_S, GROUNDS, START, CampaignDesk, new_campaign
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from anlan.desk.bulletins import published
from anlan.desk.campaigns import SETTLE_S, WIDENED_EVERY_S
from anlan.domain.campaigns import Tally
from anlan.errors import Conflict, Forbidden, InvalidPolicy, InvalidRequest, NotFound
from anlan.store import bulletins as told
from anlan.store.audit import first_break, latest_entries
from anlan.store.bulletins import Words
from anlan.store.cases import find_case
from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.tables import appeals, campaign_cases, campaigns, case_history, cases

LONG = "a message that is long enough"
HOSTILE = "</p><script>alert(1)</script>'; DROP TABLE campaigns;--\u202e{0.__class__}"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[CampaignDesk]:
    made = CampaignDesk(database, tmp_path / "journal")
    yield made
    made.shut()


WRONG = (
    ({"scope": "text_lenght > 10"}, InvalidPolicy, "text_lenght"),
    ({"scope": ""}, InvalidPolicy, "scope"),
    ({"widened": "text_length >", "widened_per_day": 5}, InvalidPolicy, "wider condition"),
    ({"widened": "text_length > 3"}, InvalidRequest, "number of cases a day"),
    ({"widened_per_day": 5}, InvalidRequest, "number of cases a day"),
    ({"widened": "text_length > 3", "widened_per_day": 1001}, InvalidRequest, "1 to 1000"),
    ({"event_types": ("no.such",)}, InvalidRequest, "no event type"),
    ({"event_types": ()}, InvalidRequest, "types of event"),
    ({"ends_at": START}, InvalidRequest, "ends after it starts"),
    ({"ends_at": START + 400 * DAY_S}, InvalidRequest, "within a year"),
    ({"title_en": ""}, InvalidRequest, "both languages"),
    ({"targets": {"cases": 0}}, InvalidRequest, "above zero"),
)


def test_what_cannot_be_led_is_refused(desk: CampaignDesk) -> None:
    for wrong, error, said in WRONG:
        with pytest.raises(error, match=said):
            desk.campaigns.propose(new_campaign(**wrong), "staff:ann", START - 100)


def test_a_campaign_takes_two_people_in_code_and_in_the_database(desk: CampaignDesk) -> None:
    campaign_id = desk.campaigns.propose(new_campaign(title_en=HOSTILE), "staff:ann", START - 100)
    assert desk.find(campaign_id).title_en == HOSTILE
    with pytest.raises(Forbidden):
        desk.campaigns.approve(campaign_id, "staff:ann", START)
    for values in ({"approver": "staff:ann"}, {"state": "running"}, {"ends_at": START - 1}, {"state": "odd"}):
        with pytest.raises(IntegrityError), desk.database.write() as connection:
            connection.execute(update(campaigns).values(**values))
    desk.campaigns.approve(campaign_id, "staff:bea", START)
    with pytest.raises(Conflict):
        desk.campaigns.approve(campaign_id, "staff:cat", START)
    with pytest.raises(NotFound):
        desk.campaigns.approve("none", "staff:cat", START)
    with desk.database.read() as connection:
        assert first_break(connection) is None
        assert {entry.act for entry in latest_entries(connection)} == {"campaign.propose", "campaign.approve"}


def test_the_clock_begins_and_ends_it_and_one_person_is_enough_to_stop(desk: CampaignDesk) -> None:
    led, stopped, late = desk.lead(), desk.lead(), desk.campaigns.propose(new_campaign(), "staff:ann", START - 100)
    withdrawn = desk.lead()
    desk.campaigns.stop(withdrawn, "staff:eve", START - 40)
    seen = []
    for now in (START - 1, START, START + 60, START + 2 * DAY_S):
        if now == START + 60:
            desk.campaigns.stop(stopped, "staff:eve", now)
        desk.campaigns.round(now)
        seen.append((desk.find(led).state, desk.find(stopped).state))
    assert seen == [("approved", "approved"), ("running", "running"), ("running", "ended"), ("ended", "ended")]
    assert desk.find(withdrawn).state == "withdrawn"
    assert desk.find(stopped).stopped_by == "staff:eve"
    with pytest.raises(Conflict, match="is over"):
        desk.campaigns.stop(led, "staff:eve", START)
    with pytest.raises(Conflict, match="time is over"):
        desk.campaigns.approve(late, "staff:bea", START + 3 * DAY_S)


def test_it_takes_over_cases_whose_event_meets_the_scope_once_and_moves_them(desk: CampaignDesk) -> None:
    led, other = desk.lead(), desk.lead(queue="")
    fits, short, early, none = (
        desk.open(desk.send("ann", LONG), "account:ann"), desk.open(desk.send("bob", "short"), "account:bob"),
        desk.open(desk.send("cat", LONG), "account:cat", at=START - 10), desk.open(None, "account:dan"),
    )
    assert sum(desk.campaigns.round(START + 30 + n) for n in range(3)) == 1
    owner = desk.campaign_of(fits)
    assert owner in (led, other), "one of them, never both"
    assert [desk.campaign_of(one) for one in (short, early, none)] == [None, None, None]
    with desk.database.read() as connection:
        case = find_case(connection, fits)
        acts = list(connection.execute(select(case_history.c.act).where(case_history.c.case_id == fits)).scalars())
    assert case is not None
    assert case.queue == ("clean" if owner == led else "x")
    assert acts == ["opened", "campaign"]
    row = {"case_id": fits, "campaign_id": led, "at": START, "way": "scope"}
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(insert(campaign_cases), row)


def test_a_case_that_was_closed_between_two_rounds_is_taken_when_the_campaign_ends(desk: CampaignDesk) -> None:
    led = desk.lead()
    quick = desk.open(desk.send("ann", LONG), "account:ann")
    desk.close(quick, "violation")
    assert desk.campaigns.round(START + 30) == 0
    assert desk.campaigns.round(START + 2 * DAY_S) == 1
    assert (desk.campaign_of(quick), desk.find(led).state) == (led, "ended")


def test_rounds_of_several_processes_take_each_case_once(desk: CampaignDesk) -> None:
    led = desk.lead(widened="text_length > 3", widened_per_day=100)
    for number in range(20):
        desk.open(desk.send(f"a{number}", LONG), f"account:a{number}")
        desk.send(f"w{number}", "width")
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(lambda one: one.round(START + 20 + SETTLE_S), [desk.process() for _ in range(4)]))
    assert taken == 40
    tally = desk.campaigns.figures(desk.find(led), START + 100).campaign
    assert tally.found == 40


def test_the_wider_condition_opens_cases_for_people_and_nothing_else(desk: CampaignDesk) -> None:
    before = desk.send("early", "width")
    led = desk.lead(widened="text_length > 3", widened_per_day=2)
    desk.open(desk.send("known", "width"), "account:known")
    for sender in ("ann", "ann", "bob", "cat"):
        desk.send(sender, "width")
    desk.send("dan", "no")
    assert desk.campaigns.round(START + 20) == 0, "slow signals get their time"
    assert desk.campaigns.round(START + 20 + SETTLE_S + WIDENED_EVERY_S) == 2
    assert desk.campaigns.round(START + 200) == 0
    with desk.database.read() as connection:
        rows = connection.execute(
            select(cases.c.target, cases.c.queue, cases.c.kind).join(campaign_cases).order_by(cases.c.event_seq)
        ).all()
        notices = [(one.kind, one.subject) for one in latest_notices(connection)]
    assert [tuple(row) for row in rows] == [("account:ann", "clean", "review"), ("account:bob", "clean", "review")]
    assert notices == [("campaign_full", led)], "the fuse blew and staff were told"
    assert before == 1
    assert desk.campaigns.figures(desk.find(led), START + 300).campaign.accounts == ()


def appeal(desk: CampaignDesk, name: str, sanction: str, outcome: str) -> None:
    case_id = desk.open(None, "account:z", kind="appeal")
    row = {
        "id": name, "sanction_id": sanction, "case_id": case_id, "account": "account:z", "filed_at": START,
        "ordered_by": "staff:ann", "state": "closed", "outcome": outcome, "decided_by": "staff:sue",
        "decided_at": START + 1, "reason": "r",
    }
    with desk.database.write() as connection:
        connection.execute(insert(appeals), row)


def test_figures_are_what_one_counts_by_hand(desk: CampaignDesk) -> None:
    led = desk.lead(targets={"cases": 4, "groups": 1})
    mine = [desk.open(desk.send(f"a{n}", LONG), f"account:a{n}") for n in range(4)]
    everyday = [desk.open(desk.send(f"b{n}", "short"), f"account:b{n}") for n in range(3)]
    desk.campaigns.round(START + 30)
    desk.close(mine[0], "violation")
    desk.close(mine[1], "no_violation")
    desk.close(everyday[0], "violation")
    with desk.database.write() as connection:
        merged = {"state": "merged", "merged_into": mine[0]}
        connection.execute(update(cases).where(cases.c.id == mine[3]).values(**merged))
    desk.punish("s1", mine[0], "group:g", "close_group")
    desk.punish("s2", mine[0], "account:a0", "ban")
    desk.punish("s3", mine[2], "account:a0", "ban", category="fraud", ordered_at=START + 700)
    desk.punish("s4", mine[2], "account:a0", "mute")
    desk.punish("s5", mine[2], "account:a2", "mute")
    desk.punish("s6", mine[2], "account:a3", "ban", state="reversed", lifted_at=START, lifted_by="x", lift_reason="y")
    desk.punish("s7", mine[2], "event:e1", "remove_content")
    desk.punish("s8", everyday[0], "event:e2", "remove_content")
    desk.punish("s9", everyday[0], "account:b0", "ban", state="refused")
    appeal(desk, "p1", "s6", "reverse")
    appeal(desk, "p2", "s2", "uphold")
    figures = desk.campaigns.figures(desk.find(led), START + 900)
    assert figures.campaign == Tally(
        found=3, closed=2, violations=1, groups=1, accounts=(("gambling", 1),), limited=1, content=1, appeals=2,
        reversed_=1,
    )
    assert figures.everyday == Tally(found=3, closed=1, violations=1, content=1)
    assert figures.events == 4
    assert figures.campaign.reached() == {"cases": 3, "groups": 1, "accounts": 1, "content": 1}


def words(desk: CampaignDesk, campaign_id: str, **more: str) -> Words:
    campaign = desk.find(campaign_id)
    made = desk.bulletins.suggest(campaign, desk.campaigns.figures(campaign, START + 100), GROUNDS)
    return Words(**{name: more.get(name, getattr(made, name)) for name in Words.__struct_fields__})


def test_a_bulletin_is_published_as_it_was_read_and_by_somebody_else(desk: CampaignDesk) -> None:
    led = desk.lead()
    with pytest.raises(Conflict, match="nothing to tell"):
        desk.bulletins.save(led, words(desk, led), "staff:ann", START)
    desk.campaigns.round(START)
    assert desk.bulletins.save(led, words(desk, led), "staff:ann", START + 1) == 1
    assert desk.bulletins.save(led, words(desk, led, body_en=HOSTILE), "staff:ann", START + 2) == 1, "one draft"
    with pytest.raises(Conflict, match="somebody else must publish"):
        desk.bulletins.publish(led, 1, START + 2, "staff:ann", START + 3)
    with pytest.raises(Conflict, match="read it again"):
        desk.bulletins.publish(led, 1, START + 1, "staff:bea", START + 3)
    desk.bulletins.publish(led, 1, START + 2, "staff:bea", START + 3)
    with pytest.raises(Conflict, match="read it again"):
        desk.bulletins.publish(led, 1, START + 2, "staff:cat", START + 4)
    with desk.database.read() as connection:
        (version,) = told.bulletins_of(connection, led)
        assert told.published_campaigns(connection) == [led]
    assert version.words.body_en == HOSTILE
    assert "净网行动" in version.words.body_zh


def test_a_published_bulletin_is_corrected_by_a_version_that_says_why(desk: CampaignDesk) -> None:
    led = desk.lead()
    desk.campaigns.round(START)
    desk.bulletins.save(led, words(desk, led), "staff:ann", START + 1)
    desk.bulletins.publish(led, 1, START + 1, "staff:bea", START + 2)
    with pytest.raises(Conflict, match="not explained"):
        desk.bulletins.save(led, words(desk, led), "staff:ann", START + 3)
    correction = {"correction_zh": "数字有误", "correction_en": "A figure was wrong"}
    assert desk.bulletins.save(led, words(desk, led, **correction), "staff:bea", START + 4) == 2
    with desk.database.read() as connection:
        versions = told.bulletins_of(connection, led)
    assert ([one.version for one in versions], [one.version for one in published(versions)]) == ([2, 1], [1])
    desk.bulletins.publish(led, 2, START + 4, "staff:ann", START + 5)
    with desk.database.read() as connection:
        assert [one.version for one in published(told.bulletins_of(connection, led))] == [2, 1]


def test_answers_to_rumours_are_shown_by_a_second_person_and_can_be_taken_back(desk: CampaignDesk) -> None:
    led = desk.lead()
    texts = {"question_zh": "会封掉所有群吗？", "question_en": HOSTILE, "answer_zh": "不会。", "answer_en": "No."}
    asked = desk.bulletins.answer(led, texts, "staff:ann", START)

    def shown() -> int:
        with desk.database.read() as connection:
            return len(told.questions_of(connection, led, published_only=True))

    assert shown() == 0
    with pytest.raises(Conflict, match="somebody else must publish"):
        desk.bulletins.show(led, asked, "staff:ann", is_shown=True)
    desk.bulletins.show(led, asked, "staff:bea", is_shown=True)
    assert shown() == 1
    desk.bulletins.show(led, asked, "staff:ann", is_shown=False)
    assert shown() == 0
    with pytest.raises(NotFound):
        desk.bulletins.show(led, "none", "staff:bea", is_shown=True)
    with pytest.raises(InvalidRequest):
        desk.bulletins.answer(led, {**texts, "answer_en": ""}, "staff:ann", START)
    with pytest.raises(IntegrityError), desk.database.write() as connection:
        connection.execute(text("UPDATE campaign_questions SET published_by = written_by"))
