"""What is the thief's and what the owner's, and what is done about each act."""

from contained import OWN, THIEF

from anlan.domain.containment import STEP_KINDS, step_title, taken_back_by
from anlan.domain.thefts import OwnAct, Said, Traces, first_steps, follow, undoing_steps

KNOWN = Traces(known=frozenset({"own-phone"}))


def act(seq: int, type_name: str, time: float = 10.0, **said: object) -> OwnAct:
    return OwnAct(seq, f"e{seq}", type_name, time, Said(**said))  # type: ignore[arg-type]


def entry(seq: int, time: float = 10.0, **who: str) -> OwnAct:
    return act(seq, "account.login", time, result="success", device=who["device"], session=who["session"])


def test_a_new_device_is_the_thiefs_while_nobody_names_one() -> None:
    traces = follow(KNOWN, [entry(1, **OWN), entry(2, **THIEF)], opened_at=20.0)
    assert (traces.devices, traces.sessions) == ({"odd-phone"}, {"s-odd"})


def test_but_not_one_that_came_after_the_alarm() -> None:
    assert follow(KNOWN, [entry(1, time=21.0, **THIEF)], opened_at=20.0).is_blank


def test_nor_another_one_once_the_thiefs_is_named() -> None:
    named = Traces(devices=frozenset({"odd-phone"}), known=KNOWN.known, is_named=True)
    other = {"device": "new-tablet", "session": "s-tab"}
    traces = follow(named, [entry(1, **other), entry(2, **THIEF)], opened_at=20.0)
    assert (traces.devices, traces.sessions) == ({"odd-phone"}, {"s-odd"})


def test_a_session_leads_to_the_device_that_it_is_on() -> None:
    named = Traces(sessions=frozenset({"s-odd"}), known=KNOWN.known, is_named=True)
    traces = follow(named, [act(1, "message.sent", device="odd-phone", session="s-odd")], opened_at=20.0)
    assert traces.devices == {"odd-phone"}


def test_a_stolen_session_never_makes_the_owners_device_the_thiefs() -> None:
    named = Traces(sessions=frozenset({"s-own"}), known=KNOWN.known, is_named=True)
    mine = act(1, "message.sent", device="own-phone", session="s-own", recipient="bob", message_id="m1")
    traces = follow(named, [mine], opened_at=20.0)
    assert traces.devices == frozenset()
    assert list(undoing_steps(traces, [mine], 0.0)) == []


def test_of_two_changes_of_the_phone_the_first_says_what_was_the_owners() -> None:
    traces = Traces(devices=frozenset({"odd-phone"}))
    changes = [
        act(number, "account.binding_changed", binding="phone", change="replaced", device="odd-phone",
            former_phone=f"+861380000000{number}")
        for number in (1, 2)
    ]
    subjects = [(step.kind, step.subject, step.details["former_phone"]) for step in undoing_steps(traces, changes, 0.0)]
    assert subjects[0] == ("restore_binding", "phone", "+8613800000001")
    assert subjects[0][:2] == subjects[1][:2]  # one name: the second is not kept beside the first


def test_a_message_without_an_id_is_named_by_its_event() -> None:
    traces = Traces(devices=frozenset({"odd-phone"}))
    [step] = undoing_steps(traces, [act(7, "message.sent", device="odd-phone", group="g1")], 0.0)
    assert (step.subject, step.details) == ("e7", {"event": "e7", "group": "g1"})


def test_every_session_ends_when_nothing_tells_the_thief_apart() -> None:
    [sessions, *_] = first_steps(KNOWN)
    assert sessions.details == {"kept_devices": []}


def test_every_step_has_words_in_both_languages_and_lifting_ends_the_limits_alone() -> None:
    assert taken_back_by("lifted") == ("limit",)
    for kind, one in STEP_KINDS.items():
        for way in ("do", "undo") if one.undone else ("do",):
            words = step_title(kind, way, {"feature": "pay", "binding": "phone"})
            assert words.keys() == {"zh", "en"}
            assert not any("{" in text or not text for text in words.values())
