"""The signal registry: what is declared, what is refused, and which signals can be asked on which event type."""

from typing import Any

import pytest

from anlan.domain.declarations import declare
from anlan.domain.events import CATALOGUE, Catalogue
from anlan.domain.signals import Signal
from anlan.engine.signals import Registry, reading, signal
from anlan.errors import InvalidSettings

TITLE = {"zh": "信号", "en": "a signal"}


CATALOG = Catalogue()


def registry(
    *signals: Signal, catalogue: Catalogue = CATALOG, **counters: tuple[Signal, frozenset[str]]
) -> Registry:
    return Registry(catalogue, signals, counters)


def made(name: str, *reads: str, **more: Any) -> Signal:
    return Signal(name=name, compute=len, type="number", reads=reads, title=TITLE, **more)


def test_a_function_is_declared_by_its_own_name_parameters_and_type() -> None:
    @signal(title=TITLE, unit="chars", low=0, optional=("group",))
    def text_size(text: str, group: str | None) -> int | None:
        return len(text)

    assert (text_size.name, text_size.reads, text_size.type) == ("text_size", ("text", "group"), "number")
    assert (text_size.optional_reads, text_size.low, text_size.cost) == (frozenset({"group"}), 0, "inline")


def test_a_signal_says_what_it_returns() -> None:
    def loose(text: str):  # type: ignore[no-untyped-def]
        return text

    def odd(text: str) -> list[str]:
        return [text]

    for function in (loose, odd):
        with pytest.raises(InvalidSettings, match="annotate its return"):
            signal(title=TITLE)(function)
    assert signal(title=TITLE, type="text")(odd).type == "text"
    assert reading(odd).type == "object"


async def _later(text: str) -> int:
    return len(text)


@pytest.mark.parametrize(
    ("signals", "says"),
    [
        ((made("a_score"), made("a_score")), "two signals are called a_score"),
        ((made("text"),), "two signals are called text"),
        ((made("journal"),), "two signals are called journal"),
        ((made("a_score", "sendr"),), "reads sendr, which does not exist; did you mean sender?"),
        ((made("a_score", "content_txt"),), "did you mean content_text?"),
        ((made("a_score", "a_score"),), "circle: a_score -> a_score"),
        ((made("a_score", "b_score"), made("b_score", "c_score"), made("c_score", "a_score")), "in a circle"),
        ((made("a_score", "journal"),), "reads the journal, so it must be declared cost='deferred'"),
        ((made("slow", "text", cost="deferred"), made("a_score", "slow")), "reads slow, so it must be declared"),
        ((Signal(name="a_score", compute=_later, type="number", reads=("text",)),), "is a coroutine"),
        ((made("a_score", "text", optional_reads=frozenset({"txt"})),), "calls txt optional but does not read it"),
    ],
)
def test_a_catalogue_that_cannot_work_is_refused(signals: tuple[Signal, ...], says: str) -> None:
    with pytest.raises(InvalidSettings, match=says.replace("?", r"\?")):
        registry(*signals)


def test_a_counter_may_not_take_the_name_of_a_signal() -> None:
    with pytest.raises(InvalidSettings, match="two signals are called a_score"):
        registry(made("a_score"), a_score=(made("a_score"), frozenset({"message.sent"})))


def test_a_signal_can_be_asked_where_all_it_must_read_exists() -> None:
    found = registry(
        made("of_sender", "sender"), made("of_both", "of_sender", "group"), made("of_text", "content_text"),
        made("maybe_group", "sender", "group", optional_reads=frozenset({"group"})),
        made("of_login", "account", applies_to=("account.login",)), made("of_counter", "sent_1h"),
        sent_1h=(made("sent_1h", "event"), frozenset({"message.sent"})),
        catalogue=Catalogue((*CATALOGUE, declare("call.made", "sender", {"sender": "account"}))),
    )
    expected: dict[str, set[str]] = {
        "message.sent": {"of_sender", "of_both", "of_text", "maybe_group", "sent_1h", "of_counter"},
        "call.made": {"of_sender", "maybe_group"},
        "account.login": {"of_login"},
        "profile.updated": {"of_text"},
    }
    ours = {name for name in found.by_name if name not in found.field_names}
    for event_type, names in expected.items():
        assert set(found.available_on(event_type)) & ours == names


def test_conditions_over_several_types_read_what_all_of_them_have() -> None:
    found = registry(made("of_text", "content_text"), Signal(name="page", compute=len, type="object", reads=("text",)))
    both = found.types_on(["message.sent", "content.published"])
    assert both["of_text"] == "number"
    assert "sender" not in both
    assert "page" not in found.types_on(["message.sent"])
    assert found.types_on([])["result"] == "text"


def test_a_field_is_a_signal_under_its_own_name_unless_no_condition_could_read_it() -> None:
    types = registry().types_on(["message.sent"])
    assert (types["media_count"], types["text"], types["group"]) == ("number", "text", "text")
