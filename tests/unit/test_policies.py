"""Which policies may be loaded: every refusal with its words, and what one set of them is."""

import re
from collections.abc import Callable

import msgspec
import pytest
import yaml
from spine import Spine, policy

from anlan.domain.actions import KINDS, MAX_HOURS, MAX_MINUTES, check_action
from anlan.domain.policies import Policy
from anlan.engine.policies import (
    check_policy,
    is_enforcement,
    is_friction_only,
    make_set,
    read_policies,
    render_because,
)
from anlan.engine.yaml_text import dump_yaml, load_yaml
from anlan.errors import InvalidPolicy
from anlan.workshop import built_in_policies

SPINE = Spine()
WHEN, HIT, MISS = "length(text) > 5", "text: long enough", "text: short"


def plain(**more: str | int | None) -> str:
    return policy("test.plain", WHEN, HIT, MISS, **more)  # type: ignore[arg-type]


def refusal(text: str) -> str:
    """Why this YAML must not be loaded."""
    with pytest.raises(InvalidPolicy) as caught:
        SPINE.set_of(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "test.yaml: not YAML"), ("\0", "not YAML"), ("a: &a [*a]", "aliases"), ("on: 1", "is a YAML list"),
        ("- 5", "every policy is a mapping with an id"), ("- {id: 5}", "a mapping with an id"),
        (plain(on="message.sent\n  on: account.login"), "'on' is written twice"),
        (plain(because=None), "missing because"), (plain(whn="x"), "unknown field 'whn'; did you mean when?"),
        (plain(on="message.snt"), "no event type 'message.snt'; did you mean message.sent?"),
        (plain(on="[]"), "at least one event type"), (plain(on="5"), "Expected `array`"),
        (policy("test.Plain", WHEN, HIT, MISS), "is no policy id"),
        (policy("a" * 65, WHEN, HIT, MISS), "is no policy id"),
        (policy("test.plain", "length(txt) > 5", HIT, MISS), "txt"),
        (policy("test.plain", "text > 5", HIT, MISS), "text"),
        (plain(severity="urgent"), "severity is one of info, low, medium, high, critical, not 'urgent'"),
        (plain(state="running"), "state is one of draft"),
        (plain(on_unknown="block"), "on_unknown is one of skip, review"),
        (plain(category="spam <b>"), "category is one word"), (plain(reason="{zh: 原因}"), "reason.en is missing"),
        (plain(reason="{zh: ' ', en: x}"), "reason.zh is missing"),
        (plain(then="{warn: {}}"), "then is a list"), (plain(then="[{warn: {}, hold: {}}]"), "then is a list"),
        (plain(then="[{warn: {loudly: true}}]"), "warn takes no parameters"),
        (plain(then="[{mute: 3}]"), "are a mapping"),
        (plain(then="[{ban: {}}]"), "no action 'ban'; choose one of"),
        (plain(then="[{mute: {}}]"), "action mute needs hours"),
        (plain(then="[{mute: {hours: long}}]"), "must be float"),
        (plain(then="[{mute: {hours: .nan}}]"), "between 0 and"),
        (plain(then="[{mute: {hours: .inf}}]"), "between 0 and 720"),
        (plain(then="[{mute: {hours: 721}}]"), "for more, open a case"),
        (plain(then="[{mute: {hours: true}}]"), "must be"),
        (plain(then="[{mute: {days: 3, hours: 1}}]"), "no parameter 'days' (it takes: hours)"),
        (plain(then="[{case: {queue: 'a b'}}]"), "one word"),
        (plain(then="[{case: {queue: q, priority: -1}}]"), "between 0"),
        (plain(then="[{alert: {scenario: x, to: payer}}]"), "message.sent names nobody by that role"),
        (plain(quota="500"), "such as 500/h"), (plain(quota="0/h"), "such as 500/h"),
        (plain(quota="²/h"), "such as 500/h"),
        (plain(quota="-5/h"), "such as 500/h"), (plain(quota="9000000/h"), "up to 1,000,000"),
        (plain(quota="5/y"), "500/h"),
        (plain(quota=None, then="[{hold: {}}]"), "needs a quota such as 500/h (law 7)"),
        (plain(quota=None, then="[{challenge: {}}]"), "needs a quota"),
        (plain(quota=None, then="[{mute: {hours: 1}}]"), "quota"),
        (plain(examples=None), "needs examples that hit and examples that miss before it is live"),
        (plain(examples="[{given: {text: long enough}, hits: true}]", state="shadow"), "before it is shadow"),
        (policy("test.plain", WHEN, MISS, MISS), "example 1 should hit but misses"),
        (policy("test.plain", WHEN, HIT, HIT), "example 2 should miss but hits"),
        (policy("test.plain", WHEN, "", MISS), "is undecided, because a signal is missing"),
        (policy("test.plain", WHEN, "txt: x", MISS), "when does not read 'txt'; it reads text"),
        (policy("test.plain", WHEN, "text: 5", MISS), "text is text, not '5'"),
        (policy("test.plain", WHEN, "text: [a]", MISS), "text is text"), (plain(examples="5"), "Expected `array`"),
        (policy("test.plain", WHEN, "text: 2026-11-21", MISS), "text is text"),
        (plain(because="'{text}'"), "because names 'text', which is personal"),
        (plain(because="'{sender}'"), "may only name what when reads: text"),
        (plain(because="'{'"), "because"), (plain(because="'{text.upper}'"), "because"),
        (plain(because="'{0}'"), "because"),
        (plain(owner="x" * 20_001), "at most 20,000 characters"), (plain() + plain(), "test.plain is live twice"),
    ],
)
def test_what_cannot_work_is_refused_with_words_that_help(text: str, says: str) -> None:
    assert says in refusal(text)


COUNTED = "media_count >= 3 AND group <> 'x'"


@pytest.mark.parametrize(
    ("because", "says"),
    [
        ("'{media_count:.2f} of {group}'", None), ("'{media_count:.0%}'", None), ("'{media_count:,.1f}'", None),
        ("'{group:.2f}'", "because"), ("'{media_count:{group}}'", "because"), ("'{media_count:999999999}'", "because"),
        ("'{media_count!r}'", "because"), ("'{media_count:d}'", "because"),
    ],
)
def test_a_sentence_that_cannot_be_shown_is_refused_at_load(because: str, says: str | None) -> None:
    text = policy("test.plain", COUNTED, "media_count: 3, group: y", "media_count: 1", because=because)
    if says:
        assert says in refusal(text)
        return
    (member,) = SPINE.set_of(text).members
    for count in (3, 3.5, None):
        assert render_because(member.policy, {"media_count": count, "group": "y" * 500})


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        SPINE.set_of(plain(on="message.snt") + policy("test.other", "txet = 'a'", "", ""))
    assert len(caught.value.details["problems"]) == 2  # type: ignore[arg-type]


def test_a_policy_that_only_warns_needs_no_quota() -> None:
    for then in ("[{warn: {}}]", "[{case: {queue: q}}]", "[{alert: {scenario: x}}]", "[{restore_message: {}}]"):
        (member,) = SPINE.set_of(plain(quota=None, then=then)).members
        assert not is_enforcement(member.policy)


def test_an_alert_to_the_recipient_of_a_group_message_goes_to_the_group() -> None:
    assert SPINE.set_of(plain(then="[{alert: {scenario: x, to: recipient}}, {alert: {scenario: y, to: group}}]"))


def test_no_policy_can_order_anything_permanent() -> None:
    """Law 1: what has no near end is for people."""
    at_once = {"delete_message", "end_sessions", "contain"}
    timed = {name for name, kind in KINDS.items() if kind.is_enforcement} - at_once
    assert timed
    for name in timed:
        assert {"hours", "minutes"} & set(KINDS[name].required)
        given = {"feature": "posting", "hours": MAX_HOURS * 1.01, "minutes": MAX_MINUTES * 1.01}
        with pytest.raises(InvalidPolicy):
            check_action(name, {key: value for key, value in given.items() if key in KINDS[name].parameters}, "x")
    assert not {word for word in KINDS if any(part in word for part in ("ban", "suspend", "close", "delete_account"))}


def test_the_live_version_and_the_one_in_shadow_stand_side_by_side() -> None:
    old, new = (read_policies(plain(state=state), "x")[0] for state in ("live", "shadow"))
    both = [(msgspec.structs.replace(old, version=3), "x"), (msgspec.structs.replace(new, version=4), "x")]
    made = make_set(both, SPINE.registry)
    assert [(m.policy.version, m.is_live) for m in made.versions("test.plain")] == [(3, True), (4, False)]
    live, shadow = made.get("test.plain"), made.get("test.plain", 4)
    assert (live and live.is_live, shadow and shadow.is_live) == (True, False)
    assert made.get("test.plain", 5) is None
    assert made.get("test.missing") is None


def test_drafts_and_retired_policies_are_checked_but_not_in_force() -> None:
    assert SPINE.set_of(plain(state="draft", examples=None)).members == ()
    assert "no event type" in refusal(plain(state="retired", on="nothing.here"))


CHANGES: list[Callable[[Policy], Policy]] = [
    lambda p: msgspec.structs.replace(p, version=2),
    lambda p: msgspec.structs.replace(p, state="shadow"),
    lambda p: read_policies(plain(severity="low"), "x")[0],
    lambda p: read_policies(plain(quota="999/h"), "x")[0],
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_names_the_content_and_nothing_else(change: Callable[[Policy], Policy]) -> None:
    other = policy("test.other", WHEN, HIT, MISS)
    first = SPINE.set_of(plain() + other)
    assert SPINE.set_of(other + plain()).hash == first.hash
    (changed,) = (change(one) for one in read_policies(plain(), "x"))
    assert make_set([(changed, "x"), *((p, "x") for p in read_policies(other, "x"))], SPINE.registry).hash != first.hash


def test_a_policys_own_text_reads_back_as_the_same_policy() -> None:
    (first,) = read_policies(plain(on="[message.sent, content.published]", owner="on"), "x")
    (again,) = read_policies(first.source, "x")
    assert (again, check_policy(again, SPINE.registry).policy.on) == (first, ("message.sent", "content.published"))


def test_only_true_and_false_are_claims() -> None:
    words = {"on": "yes", "off": "no", "y": "on", "a": True, "b": False, "c": "true", "d": None, "e": 1, "f": "1"}
    assert load_yaml("on: yes\nno: off\nt: true", "x") == {"on": "yes", "no": "off", "t": True}
    assert load_yaml(dump_yaml(words), "x") == words
    assert yaml.safe_load("on: yes") == {True: True}, "or the loader of ours is not needed any more"


@pytest.mark.parametrize(
    "text",
    ["- 2026-13-45", "!!int ''", "!!bool x", "!!timestamp x", "a: " + "9" * 5000, "[" * 5000, "!!python/name:os.system",
     "a: 1\na: 2", "\ud800", "a: [1"],
)
def test_broken_yaml_is_one_error_with_the_name_of_its_file(text: str) -> None:
    with pytest.raises(ValueError, match=r"^here\.yaml: not YAML: "):
        load_yaml(text, "here.yaml")


def test_shipped_policies_speak_to_reviewers_and_members_in_both_languages() -> None:
    for shipped, _ in built_in_policies():
        for sentence in (shipped.because, shipped.reason):
            assert re.search("[\u3400-\u9fff]", sentence["zh"]), shipped.id
            assert not re.search("[\u3400-\u9fff]", sentence["en"]), shipped.id


def test_what_is_unknown_is_said_to_be_so_in_the_readers_language() -> None:
    shipped = next(one for one, _ in built_in_policies() if one.id == "fraud.payee_collects_from_many")
    said = render_because(shipped, {"payee_payers_1d": None, "amount": 2.0})
    assert (said["zh"].count("未知"), said["en"].count("unknown")) == (1, 1)


@pytest.mark.parametrize(
    ("then", "is_friction"),
    [("{challenge: {}}", True), ("{hold: {}}, {cool_down: {minutes: 5}}", True), ("{hold: {}}", False),
     ("{hold: {}}, {cool_down: {minutes: 5}}, {mute: {hours: 1}}", False)],
)
def test_asking_to_think_a_payment_over_is_friction_as_asking_for_a_proof_is(then: str, is_friction: bool) -> None:
    """An attack makes hits jump too, and money must not flow because of it."""
    (made,) = read_policies(plain(then=f"[{then}]"), "x")
    assert is_friction_only(made) == is_friction
