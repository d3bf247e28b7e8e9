"""Keys name events without confusing them, and keep events that follow each other together."""

import pytest

from anlan.domain.keys import decision_id, event_key, key_of

UUID7 = "01907f3c-7b{:02x}-7cc3-98c4-dc0c0c07398f"
ULID = "01ARZ3ND{:02d}SV4RRFFQ69G5FAVZ"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1000017", "1000942"),
        ("msg-000123001", "msg-000123999"),
        ("1204857302148710412", "1204857302999710413"),
        (UUID7.format(1), UUID7.format(250)),
        (ULID.format(10), ULID.format(99)),
        ("507f1f77bcf86cd799439011", "507f1f77bcf86cd7aa439012"),
    ],
)
def test_events_that_follow_each_other_stand_together(earlier: str, later: str) -> None:
    first, second = event_key("im", earlier), event_key("im", later)
    assert first != second
    assert first[:12] == second[:12]
    assert event_key("forum", earlier)[:12] != first[:12]


def test_no_two_names_meet_and_a_name_is_always_the_same() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("1:a", "b"), ("", ""), ("a", ""), ("", "a"), ("a", "xy"), ("a", "\0")]
    pairs += [("im", str(number)) for number in range(20_000)]
    keys = {event_key(source, name) for source, name in pairs}
    assert len(keys) == len(pairs)
    assert all(len(key) == 32 and bytes.fromhex(key) for key in keys)
    assert event_key("im", "7") in keys


def test_a_decision_names_its_event() -> None:
    assert key_of(decision_id(event_key("im", "7"), 2)) == event_key("im", "7")
