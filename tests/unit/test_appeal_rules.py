"""The rules of appeals, and of the files that come with them, as pure functions."""

import pytest

from anlan.domain.appeals import Milder, is_in_time, is_milder, milder_kinds, propose_milder, wants_review
from anlan.domain.attachments import MAX_NAME_CHARS, media_type_of, safe_name

DAY_S, NOW = 86_400.0, 1_000_000.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image/png"), (b"\xff\xd8\xff\xe1", "image/jpeg"), (b"%PDF-1.4", "application/pdf"),
        (b"", None), (b"GIF89a", None), (b"<svg/>", None), (b" %PDF-1.4", None), (b"PK\x03\x04", None),
        (b"\x89PNG", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(content: bytes, expected: str | None) -> None:
    assert media_type_of(content) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("proof.png", "proof.png"), ("../../etc/passwd", "passwd.png"), ("C:\\x\\a.exe", "a.png"),
        ("", "file.png"), ("\u202egnp.exe", "gnp.png"),
        ('a"\r\nSet-Cookie: x', "aSet-Cookie x.png"), ("转账 记录", "转账 记录.png"),
        ("<script>", "script.png"), ("x" * 999, "x" * MAX_NAME_CHARS + ".png"),
    ],
)
def test_a_hostile_name_becomes_a_plain_one(name: str, expected: str) -> None:
    assert safe_name(name, "image/png") == expected


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("ban", "account:a", ("suspend", "mute")), ("suspend", "account:a", ("suspend", "mute")),
        ("mute", "account:a", ("mute",)), ("limit_feature", "account:a", ("limit_feature",)),
        ("close_group", "group:g", ("freeze",)), ("warning", "account:a", ()), ("remove_content", "event:e", ()),
    ],
)
def test_what_is_milder_never_lasts_for_ever(kind: str, target: str, expected: tuple[str, ...]) -> None:
    assert milder_kinds(kind, target) == expected


def test_the_proposal_is_half_the_time_or_a_month_of_the_next_rung() -> None:
    assert propose_milder("mute", "account:a", NOW, NOW + 8 * DAY_S, NOW) == Milder("mute", NOW + 4 * DAY_S)
    assert propose_milder("ban", "account:a", NOW, None, NOW) == Milder("suspend", NOW + 30 * DAY_S)
    late = propose_milder("mute", "account:a", NOW - 7 * DAY_S, NOW + DAY_S, NOW)
    assert late is not None
    assert NOW < late.until < NOW + DAY_S
    assert propose_milder("mute", "account:a", NOW - DAY_S, NOW + 60, NOW) == Milder("mute", NOW + 60)
    assert propose_milder("mute", "account:a", NOW - DAY_S, NOW, NOW) is None
    assert propose_milder("ban", "account:a", NOW - 90 * DAY_S, None, NOW) == Milder("suspend", NOW + DAY_S)
    assert propose_milder("warning", "account:a", NOW, None, NOW) is None


@pytest.mark.parametrize(
    ("new", "ends_at", "expected"),
    [
        (Milder("mute", NOW + 2 * DAY_S), NOW + 3 * DAY_S, True),
        (Milder("mute", NOW + 3 * DAY_S), NOW + 3 * DAY_S, True),
        (Milder("suspend", NOW + 3 * DAY_S), NOW + 3 * DAY_S, False),
        (Milder("suspend", NOW + 4 * DAY_S), NOW + 3 * DAY_S, False),
        (Milder("mute", NOW), NOW + 3 * DAY_S, False),
        (Milder("ban", NOW + DAY_S), NOW + 3 * DAY_S, False),
    ],
)
def test_an_appeal_never_makes_it_harder(new: Milder, ends_at: float, *, expected: bool) -> None:
    assert is_milder(new, "suspend", "account:a", ends_at, NOW) is expected


def test_when_an_appeal_comes_too_late() -> None:
    assert is_in_time("in_force", NOW, NOW + 9_999 * DAY_S)
    assert is_in_time("ended", NOW, NOW + 183 * DAY_S)
    assert not is_in_time("ended", NOW, NOW + 184 * DAY_S)
    assert not is_in_time("reversed", NOW, NOW)
    assert not is_in_time("refused", NOW, NOW)


@pytest.mark.parametrize(("decided", "overturned", "expected"), [(9, 9, False), (10, 2, False), (10, 3, True)])
def test_when_a_policy_wants_a_look(decided: int, overturned: int, *, expected: bool) -> None:
    assert wants_review(decided, overturned) is expected
