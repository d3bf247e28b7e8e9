"""The demo community: deterministic, in order, decodable, complete, and true to its own ties."""

import asyncio
import math
from collections import Counter
from itertools import islice, pairwise
from random import Random

import pytest

from anlan.demo.community import build_community
from anlan.demo.doorkeeper import Doorkeeper, is_break_in, plunder_story
from anlan.demo.labels import LABELS, LabelledEvent
from anlan.demo.scripts import Phrasebook, disguise, phrasebook
from anlan.demo.simulation import SOURCE, Tempo, history, live, simulate
from anlan.domain.event_data import (
    AccountLogin,
    AccountRegistered,
    BindingChanged,
    FriendshipChanged,
    GroupChanged,
    MessageSent,
    PlaySession,
    ReportFiled,
    VerificationCompleted,
)
from anlan.domain.events import CATALOGUE, Catalogue, Event
from anlan.protections.minors.cues import built_in_themes

START = 1_764_547_200.0
CAUSED_BY_VERDICTS = {"verification.completed", "device.disowned", "device.owned", "payment.thought_over",
                      "report.upheld", "report.overturned"}
DAY_S = 86_400.0
BUSY = Tempo(attacks_per_person_day=0.5)


@pytest.fixture(scope="module")
def day() -> list[LabelledEvent]:
    return list(simulate(9, START, 24))


@pytest.fixture(scope="module")
def decoded(day: list[LabelledEvent]) -> list[Event]:
    catalogue = Catalogue()
    return [catalogue.decode(event.cloudevent, START + DAY_S) for event in day]


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(day: list[LabelledEvent]) -> None:
    assert list(simulate(9, START, 24)) == day
    assert next(simulate(8, START, 24)).cloudevent != day[0].cloudevent


def test_events_come_in_order_of_time_and_end_with_the_window(day: list[LabelledEvent]) -> None:
    assert all(one.time <= other.time for one, other in pairwise(day))
    assert day[0].time < START - 300 * DAY_S, "old accounts registered long ago"
    assert START + 23 * 3600 < day[-1].time <= START + DAY_S


def test_every_event_decodes_to_what_the_label_says(day: list[LabelledEvent], decoded: list[Event]) -> None:
    for labelled, event in zip(day, decoded, strict=True):
        assert (event.source, event.type.name) == (SOURCE, labelled.type)
        assert event.time == pytest.approx(labelled.time, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_day_has_every_type_and_every_label(seed: int) -> None:
    events = list(simulate(seed, START, 24, has_past=False))
    assert {event.type for event in events} == {entry.name for entry in CATALOGUE} - CAUSED_BY_VERDICTS
    assert {event.label for event in events} == set(LABELS)


def test_most_of_a_day_is_normal_and_the_rest_is_not_negligible(day: list[LabelledEvent]) -> None:
    inside = [event for event in day if event.time >= START]
    bad_share = sum(event.label != "normal" for event in inside) / len(inside)
    assert 0.01 < bad_share < 0.06
    assert 50 < len(inside) / 400 < 75, "about 60 events per person and day"


def test_near_misses_are_normal(day: list[LabelledEvent]) -> None:
    near_misses = [event for event in day if event.story.startswith("near_miss.")]
    kinds = {event.story.partition("-")[0] for event in near_misses}
    assert {"near_miss.testing", "near_miss.quoting", "near_miss.bill", "near_miss.medicine"} <= kinds
    assert {event.label for event in near_misses} == {"normal"}


def test_ids_are_unique_within_and_between_runs(day: list[LabelledEvent], decoded: list[Event]) -> None:
    ids = {event.id for event in decoded}
    assert len(ids) == len(day)
    later = Catalogue()
    following = simulate(9, START + DAY_S, 1, has_past=False)
    assert ids.isdisjoint(later.decode(event.cloudevent, START + 2 * DAY_S).id for event in following)


def test_message_ids_are_unique_and_reports_name_earlier_messages(decoded: list[Event]) -> None:
    sent: Counter[str] = Counter()
    for event in decoded:
        if isinstance(event.data, MessageSent):
            assert event.data.message_id
            sent[event.data.message_id] += 1
        elif isinstance(event.data, ReportFiled) and event.data.message_id:
            assert event.data.message_id in sent
    assert set(sent.values()) == {1}


def test_nobody_acts_before_they_registered_or_talks_as_a_friend_before_the_tie(
    day: list[LabelledEvent], decoded: list[Event]
) -> None:
    registered: set[str] = set()
    ties: set[frozenset[str]] = set()
    friendly_chats = 0
    for labelled, event in zip(day, decoded, strict=True):
        data = event.data
        if isinstance(data, AccountRegistered):
            registered.add(data.account)
        else:
            assert event.actor.id in registered
        if isinstance(data, FriendshipChanged) and data.change == "added":
            ties.add(frozenset((data.account, data.other)))
        elif isinstance(data, MessageSent) and data.recipient and labelled.story.startswith(("talk-", "scam")):
            friendly_chats += 1
            assert frozenset((data.sender, data.recipient)) in ties, labelled
    assert friendly_chats > 5000


def test_a_gang_burns_accounts_but_keeps_its_devices(
    day: list[LabelledEvent], decoded: list[Event]
) -> None:
    accounts_by_device: dict[str, set[str]] = {}
    for labelled, event in zip(day, decoded, strict=True):
        if labelled.actor_role == "scammer" and isinstance(event.data, MessageSent) and event.data.device:
            accounts_by_device.setdefault(event.data.device, set()).add(event.actor.id)
    assert max(len(accounts) for accounts in accounts_by_device.values()) > 1


def test_chat_does_not_repeat_itself_too_much(day: list[LabelledEvent], decoded: list[Event]) -> None:
    said = [
        event.data.text
        for labelled, event in zip(day, decoded, strict=True)
        if labelled.label == "normal" and isinstance(event.data, MessageSent)
    ]
    texts = Counter(said)
    assert len(texts) / len(said) > 0.5
    assert texts.most_common(1)[0][1] / len(said) < 0.01


@pytest.mark.parametrize("people", [20, 23, 64, 1200])
def test_communities_of_other_sizes_live_too(people: int) -> None:
    events = list(simulate(1, START, 48 if people < 100 else 2, people))
    assert len(events) > people
    assert "message.sent" in {event.type for event in events}


def test_history_leads_up_to_now() -> None:
    events = list(history(3, START, hours=6, people=60))
    assert START - 3600 < events[-1].time <= START


class _FakeClock:
    def __init__(self) -> None:
        self.time = START
        self.slept_s: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.time += seconds


async def _watch(clock: _FakeClock, count: int, freeze_s: float = 0.0) -> list[LabelledEvent]:
    seen: list[LabelledEvent] = []
    async for event in live(5, clock.now, sleep=clock.sleep):
        seen.append(event)
        assert abs(event.time - clock.time) < 1, "every event is due when it comes"
        if len(seen) == count // 2:
            clock.time += freeze_s
        if len(seen) == count:
            return seen
    raise AssertionError("live ends")


def test_live_keeps_time_and_brings_attacks_within_minutes() -> None:
    clock = _FakeClock()
    seen = asyncio.run(_watch(clock, 6000))
    rate = len(seen) / (clock.time - START)
    assert 2 < rate < 5
    assert {event.label for event in seen if event.time < START + 900} - {"normal"}


def test_live_goes_on_from_the_present_after_a_pause() -> None:
    clock = _FakeClock()
    seen = asyncio.run(_watch(clock, 400, freeze_s=7200.0))
    assert sum(1 for event in seen if START + 400 < event.time < START + 7000) == 0
    assert all(one.time <= other.time for one, other in pairwise(seen))


def test_a_simulation_need_not_end() -> None:
    endless = simulate(1, START, math.inf, people=30, has_past=False)
    assert len(list(islice(endless, 5000))) == 5000


def test_slots_that_the_story_must_fill_are_missed_loudly() -> None:
    book = Phrasebook({"slots": {"dish": ["饺子"]}, "themes": {}, "eat": ["吃{dish}吗，{friend}"]})
    assert book.say(Random(1), "eat", friend="小林") == "吃饺子吗，小林"
    with pytest.raises(KeyError):
        book.say(Random(1), "eat")


def test_every_line_can_be_said() -> None:
    book, rng = phrasebook(), Random(2)
    given = dict.fromkeys(("contact", "site", "payee", "amount", "handle", "digits", "page"), "x")
    for ways in book.lines.values():
        for way in ways:
            assert "{" not in book.phrase(rng, (way,), **given)


def test_a_disguise_leaves_something_to_read() -> None:
    rng = Random(3)
    forms = {disguise(rng, "加微信 ab0000123") for _ in range(200)}
    assert "加微信 ab0000123" in forms
    assert len(forms) > 5


def test_whoever_is_deceived_mostly_thinks_again_when_stopped_and_whoever_is_not_pays(day: list[LabelledEvent]) -> None:
    keeper = Doorkeeper()
    paid: dict[str, list[bool]] = {"victim": [], "ordinary": []}
    for event in day:
        if event.type == "payment.initiated":
            keeper.obey(event, "hold")
        elif event.type == "payment.settled" and event.actor_role in paid:
            paid[event.actor_role].append(keeper.happens(event))
    assert len(paid["victim"]) >= 5
    assert not all(paid["victim"])
    assert sum(paid["victim"]) < len(paid["victim"]) * 0.6
    assert all(paid["ordinary"])


def test_a_payment_that_is_blocked_is_not_made(day: list[LabelledEvent]) -> None:
    keeper = Doorkeeper()
    first = next(event for event in day if event.type == "payment.initiated")
    settled = next(e for e in day if e.type == "payment.settled" and e.story == first.story and e.time > first.time)
    assert keeper.happens(settled)
    keeper.obey(first, "block")
    assert not keeper.happens(settled)


def test_every_script_is_played_and_leads_to_a_payment(day: list[LabelledEvent]) -> None:
    days = [event for seed in range(4) for event in simulate(seed, START, 24, tempo=BUSY, has_past=False)]
    paid = {event.story.split("-")[0] for event in days if event.type == "payment.initiated" and event.label == "scam"}
    assert paid == {f"scam_by_{name.partition('.')[2]}" for name in phrasebook().dialogues_of("scams")}


def _break_ins(day: list[LabelledEvent]) -> list[LabelledEvent]:
    found = [event for event in day if is_break_in(event)]
    assert found
    return found


def test_a_thief_who_is_stopped_at_the_door_does_nothing_afterwards(day: list[LabelledEvent]) -> None:
    """Some who phished the password have the code too; whoever tries a leaked list never has."""
    doorkeeper, stopped = Doorkeeper(), set()
    for event in _break_ins(day):
        proof = doorkeeper.obey(event, "challenge")
        assert proof is not None
        told = Catalogue().decode(proof, START + DAY_S)
        assert isinstance(told.data, VerificationCompleted)
        assert told.data.result == "failed" or event.label == "takeover"
        if told.data.result == "failed":
            stopped.add(plunder_story(event.story, told.data.account))
    thefts = [event for event in day if event.label == "takeover" and "/" in event.story]
    assert len(thefts) > 20
    assert {event.story for event in thefts if not doorkeeper.happens(event)} == stopped
    assert all(doorkeeper.happens(event) for event in day if event.label == "normal" and "/" not in event.story)
    blocked = Doorkeeper()
    for event in _break_ins(day):
        blocked.obey(event, "block")
    assert not [event for event in thefts if blocked.happens(event)], "no code helps where nobody is asked"


def test_a_thief_who_is_let_in_goes_on(day: list[LabelledEvent]) -> None:
    doorkeeper = Doorkeeper()
    assert {doorkeeper.obey(event, "allow") for event in _break_ins(day)} == {None}
    assert all(map(doorkeeper.happens, day))


def test_a_contained_thief_falls_silent_and_the_owner_comes_back(day: list[LabelledEvent]) -> None:
    doorkeeper = Doorkeeper()
    first = next(event for event in day if event.label == "takeover" and event.type == "message.sent")
    doorkeeper.obey(first, "allow", {"contain"})
    left = [event for event in day if event.story == first.story and event.time > first.time]
    assert {event.actor_role for event in left} >= {"thief", "ordinary"}
    assert {event.actor_role for event in left if doorkeeper.happens(event)} == {"ordinary"}


def test_an_owner_who_is_asked_proves_it_with_the_same_session(
    day: list[LabelledEvent], decoded: list[Event]
) -> None:
    asked = 0
    for labelled, event in zip(day, decoded, strict=True):
        if isinstance(event.data, AccountLogin) and labelled.actor_role == "ordinary":
            proof = Doorkeeper().obey(labelled, "challenge")
            assert (proof is None) == (event.data.result == "failure")
            if proof:
                told = Catalogue().decode(proof, START + DAY_S).data
                assert isinstance(told, VerificationCompleted)
                assert (told.result, told.session, told.device) == ("passed", event.data.session, event.data.device)
                asked += 1
    assert asked > 100


def test_owners_take_back_what_thieves_changed(day: list[LabelledEvent], decoded: list[Event]) -> None:
    taken = {
        event.data.account for labelled, event in zip(day, decoded, strict=True)
        if isinstance(event.data, BindingChanged) and labelled.actor_role == "thief"
    }
    back = {
        event.data.account for event in decoded
        if isinstance(event.data, BindingChanged) and event.data.phone == event.data.former_phone
    }
    assert taken
    assert taken & back


def test_nobody_says_to_a_minor_what_is_only_for_adults(day: list[LabelledEvent], decoded: list[Event]) -> None:
    community = build_community(9, 400, phrasebook())
    minors = {person.account for person in community.minors}
    closed = {circle.id for circle in community.circles if circle.has_minors}
    harmful = [
        event.data for labelled, event in zip(day, decoded, strict=True)
        if labelled.label == "porn_ad" or (labelled.story.startswith("scam_by_") and labelled.actor_role == "scammer")
    ]
    reached = {data.recipient for data in harmful if isinstance(data, MessageSent)}
    groups = {data.group for data in harmful if isinstance(data, MessageSent)}
    asked = {data.other for data in harmful if isinstance(data, FriendshipChanged)}
    assert len(minors) >= 5
    assert len(reached) > 20
    assert not minors & (reached | asked)
    assert len(groups) > 1
    assert not closed & groups
    joined = {
        event.data.group for event in decoded if isinstance(event.data, GroupChanged) and event.data.account in minors
    }
    assert joined <= closed


def test_minors_meet_the_small_troubles_that_cards_are_for(day: list[LabelledEvent], decoded: list[Event]) -> None:
    minors = {person.account for person in build_community(9, 400, phrasebook()).minors}
    told = {
        event.data.account for event in decoded if isinstance(event.data, AccountRegistered) and event.data.age_band
    }
    assert told == minors
    troubles = [
        event.data for labelled, event in zip(day, decoded, strict=True) if labelled.story.startswith("minor-")
    ]
    read = {built_in_themes().find(data.text) for data in troubles if isinstance(data, MessageSent)}
    assert {"bullying", "dare", "rumour"} <= read
    assert any(isinstance(data, PlaySession) and data.minutes >= 120 for data in troubles)
    assert {data.sender for data in troubles if isinstance(data, MessageSent)} <= minors
