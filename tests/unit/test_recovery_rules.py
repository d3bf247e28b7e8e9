"""What evidence of a claimant is worth, which answers are right, and which friends may vouch."""

import hashlib
from base64 import b64encode
from itertools import product
from math import log

import pytest
from argon2 import PasswordHasher

from anlan.domain.digests import check_digest, is_made_of, salted_digest
from anlan.domain.recovery import (
    CLOSENESS,
    EVIDENCE_KINDS,
    FORGER_SHARES,
    FORGERS,
    MEMORIES,
    STRENGTHS,
    Evidence,
    EvidenceKind,
    EvidenceOutcome,
    assess,
    cool_off_hours,
    score_of,
)
from anlan.domain.recovery_answers import Known, PasswordDigest, Payment, judge, judge_place, month_of, normalised_phone
from anlan.domain.vouching import Candidate, choose, judge_vouches
from anlan.errors import InvalidClaim

NOW = 1_750_000_000.0
DAY_S = 86_400.0
ORDER: tuple[EvidenceOutcome, ...] = ("wrong", "unknown", "near", "right")


def told(**said: EvidenceOutcome) -> list[Evidence]:
    return [Evidence(kind, said[kind]) for kind in EVIDENCE_KINDS if kind in said]


@pytest.mark.parametrize("kind", EVIDENCE_KINDS)
def test_silence_never_helps_and_moot_counts_for_nothing(kind: EvidenceKind) -> None:
    for years in (0, 1, 5):
        assert score_of([Evidence(kind, "unknown")], years) <= 1e-9
        assert score_of([Evidence(kind, "moot")], years) == pytest.approx(0.0)


@pytest.mark.parametrize("kind", [kind for kind in EVIDENCE_KINDS if kind not in ("place", "habit")])
def test_a_better_answer_is_never_worth_less(kind: EvidenceKind) -> None:
    lines = {said: assess([Evidence(kind, said)]).lines[0].logs for said in ORDER}
    for forger, (less, more) in product(FORGERS, [("wrong", "right"), ("unknown", "right"), ("near", "right")]):
        if STRENGTHS[kind].owner.right > STRENGTHS[kind].forgers[forger].right:
            assert lines[less][forger] <= lines[more][forger] + 1e-9  # type: ignore[index]


def test_public_facts_open_nothing() -> None:
    everything = told(
        city="right", registered="right", nickname="right", inviter="right", contacts="right", groups="right",
    )
    assert assess(everything).band != "likely"
    public = ("city", "registered", "nickname", "inviter", "contacts", "groups")
    assert assess(everything, public=public).score == pytest.approx(0.0)


def test_what_comes_by_one_leak_counts_about_once() -> None:
    both = assess(told(password="right", mail="right"))
    alone = [assess([Evidence(kind, "right")]).totals["stranger"] for kind in ("password", "mail")]
    assert both.totals["stranger"] < sum(alone) - 0.8
    assert min(alone) > 0


def test_a_stolen_password_with_its_mailbox_does_not_go_alone() -> None:
    shown = told(
        password="right", mail="right", city="right", registered="unknown", contacts="unknown", friends="unknown",
        document="unknown",
    )
    assert assess(shown).band != "likely"
    assert assess(shown).worst == "stranger"


def test_the_most_dangerous_forger_counts() -> None:
    shown = told(place="right", device="right", city="right", contacts="right")
    found = assess(shown)
    assert found.worst == "household"
    assert min(found.totals.values()) < found.score < found.totals["household"] - log(FORGER_SHARES["household"])
    assert found.totals["stranger"] > found.score + 3


def test_the_shares_of_forgers_are_of_one_whole() -> None:
    assert sum(FORGER_SHARES.values()) == pytest.approx(1.0)
    for levels in (MEMORIES, *CLOSENESS.values()):
        assert sum(level.share for level in levels) == pytest.approx(1.0)


def test_a_friend_who_denies_it_outweighs_what_memory_gives() -> None:
    shown = told(password="right", contacts="right", registered="right", device="right", friends="wrong")
    assert assess(shown).band == "unlikely"


def test_old_and_valuable_accounts_need_more_and_wait_longer() -> None:
    shown = told(password="right", device="right", contacts="right", friends="right", registered="right")
    fresh, old = assess(shown), assess(shown, dormant_years=4)
    assert fresh.band == "likely"
    assert old.forged_share > fresh.forged_share
    assert assess(shown, is_high_value=True).forged_share > fresh.forged_share
    assert cool_off_hours(fresh, dormant_years=0, is_high_value=False) in (24, 48)
    assert cool_off_hours(fresh, dormant_years=4, is_high_value=False) == 72


def test_who_tries_often_needs_more() -> None:
    shown = told(password="right", device="right", contacts="right", registered="right")
    tried = [assess(shown, failed_claims=count).forged_share for count in (0, 1, 100)]
    assert tried == sorted(tried)
    assert tried[2] > 50 * tried[0] / 2


KNOWN = Known(
    registered_at=1_600_000_000.0, city="杭州", inviter="", nickname="Little Boat",
    contacts=frozenset({"bob", "cat", "dan", "eve"}), groups=frozenset({"g1", "钓鱼"}),
    payments=(Payment(12_345, 1_600_000_000.0),),
    passwords=(
        PasswordDigest(digest=salted_digest("saltsalt", "leaked"), is_breached=True),
        PasswordDigest(digest=salted_digest("saltsalt", "mine")),
    ),
    networks=frozenset({"203.0.113.0/24"}),
)


@pytest.mark.parametrize(
    ("kind", "said", "outcome"),
    [
        ("password", "guess\nmine", "right"), ("password", "leaked", "near"), ("password", "a\nb\nc\nmine", "wrong"),
        ("password", "", "unknown"), ("registered", "2020-09", "right"), ("registered", "2020年10月", "right"),
        ("registered", "２０２１-０１", "near"), ("registered", "2019-01", "wrong"), ("registered", "soon", "wrong"),
        ("city", " 杭州 ", "right"), ("city", "上海", "wrong"), ("nickname", "little  boat", "right"),
        ("nickname", "litle boat", "near"), ("inviter", "bob", "wrong"), ("inviter", "", "unknown"),
        ("contacts", "bob, cat，dan", "right"), ("contacts", "bob", "near"), ("contacts", "bob\nx\ny\nz", "wrong"),
        ("groups", "钓鱼", "right"), ("groups", "x", "wrong"), ("payment", "120\n2020-09", "right"),
        ("payment", "110\n2020-10", "near"), ("payment", "9\n2020-09", "wrong"), ("payment", "120\nthen", "unknown"),
    ],
)
def test_answers(kind: EvidenceKind, said: str, outcome: EvidenceOutcome) -> None:
    assert judge(kind, said, KNOWN) == outcome


@pytest.mark.parametrize("kind", ["password", "registered", "city", "inviter", "contacts", "groups", "payment"])
def test_where_nothing_is_known_no_answer_counts(kind: EvidenceKind) -> None:
    assert {judge(kind, said, Known()) for said in ("", "anything")} == {"moot"}


def test_places_and_numbers() -> None:
    assert [judge_place(ip, KNOWN) for ip in ("203.0.113.9", "192.0.2.1", None, "not an address")] == [
        "right", "wrong", "moot", "moot",
    ]
    assert normalised_phone("+86 138-0000-1111") == normalised_phone("13800001111") == "13800001111"


def test_digests_of_every_form() -> None:
    pbkdf2 = hashlib.pbkdf2_hmac("sha256", b"word", b"saltsalt", 1_000)
    forms = (
        salted_digest("saltsalt", "word"), f"pbkdf2_sha256$1000$saltsalt${b64encode(pbkdf2).decode()}",
        PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("word"),
    )
    for form in forms:
        assert is_made_of(check_digest(form), "word")
        assert not is_made_of(form, "other")


@pytest.mark.parametrize(
    "digest",
    ["word", "sha256$short$" + "0" * 64, "pbkdf2_sha256$2000000$saltsalt$" + "A" * 43 + "=",
     "$argon2id$v=19$m=9999999,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "$argon2id$v=19$m=8,t=99,p=1$c2FsdHNhbHQ$aGFzaA"],
)
def test_digests_that_are_no_good_or_too_dear_are_refused(digest: str) -> None:
    with pytest.raises(InvalidClaim):
        check_digest(digest)


def friend(name: str, **other: object) -> Candidate:
    number = ord(name[0])
    known: dict[str, object] = {
        "account": name, "friends_since": NOW - (400 + number) * DAY_S, "registered_at": NOW - number * 10 * DAY_S,
        "networks": frozenset({f"n-{name}"}), "devices": frozenset({f"d-{name}"}),
    }
    return Candidate(**(known | other))  # type: ignore[arg-type]


def test_old_independent_friends_are_asked_and_five_at_most() -> None:
    assert choose([friend(name) for name in "abcdefg"], NOW) == ["g", "f", "e", "d", "c"]
    assert choose([friend("a")], NOW) == []


UNFIT: dict[str, dict[str, object]] = {
    "no friend": {"friends_since": None},
    "a young tie": {"friends_since": NOW - 100 * DAY_S},
    "the claimant's network": {"networks": frozenset({"n-claimant"})},
    "the claimant's device": {"devices": frozenset({"d-claimant"})},
    "an account in doubt": {"is_shaken": True},
    "vouched twice this year": {"vouched_at": (NOW - 300 * DAY_S, NOW - 100 * DAY_S)},
    "vouched last week": {"vouched_at": (NOW - 7 * DAY_S,)},
    "the same network as another": {"networks": frozenset({"n-b"})},
    "the same device as another": {"devices": frozenset({"d-b"})},
    "registered with another": {"registered_at": NOW - ord("b") * 10 * DAY_S + 60},
    "a friend of two others": {"friends": frozenset({"b", "c"})},
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=list(UNFIT))
def test_who_may_not_vouch(change: dict[str, object]) -> None:
    others = [friend("b"), friend("c"), friend("d")]
    assert "a" in choose([friend("a"), *others], NOW, network="n-claimant", device="d-claimant")
    assert "a" not in choose([friend("a", **change), *others], NOW, network="n-claimant", device="d-claimant")


def test_what_friends_say() -> None:
    assert judge_vouches(["spoken", "spoken", "unsure"]) == "right"
    assert judge_vouches(["spoken", "spoken", "not_them"]) == "wrong"
    assert judge_vouches(["spoken"]) == judge_vouches(["written", "written"]) == "near"
    assert judge_vouches(["written", "unsure"]) == judge_vouches([]) == "unknown"


def test_digits_that_make_no_number_are_no_date() -> None:
    """Python counts some signs as digits of which it makes no number."""
    assert month_of("፩፪፫፬-፭") is None
    assert month_of("٢٠٢١-٠٥") == month_of("2021-05")
