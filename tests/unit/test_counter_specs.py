"""Declarations that cannot work are refused with what to change; the ones that ship are accepted and run."""

from importlib.resources import files
from typing import Any

import duckdb
import msgspec
import pytest

from anlan.domain.declarations import declare
from anlan.domain.events import Catalogue, fields_of
from anlan.engine.counter_columns import window_sql
from anlan.engine.counter_specs import CounterSpec, load_counters
from anlan.engine.counters import Counters
from anlan.errors import InvalidSettings

GOOD: dict[str, Any] = {
    "name": "ip_failed_logins_10m", "kind": "count", "on": ["account.login"], "where": "result = 'failure'",
    "by": ["ip"], "over": "10m", "read_by": {"payment.initiated": ["ip"]},
    "title": {"zh": "登录失败", "en": "Failures"},
}
REMOVED = object()


def load(*documents: dict[str, Any], catalogue: Catalogue | None = None) -> tuple[CounterSpec, ...]:
    return load_counters(msgspec.json.encode(documents).decode(), catalogue or Catalogue(), "counters.yaml")


def changed(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not REMOVED}


def test_a_declaration_becomes_a_spec() -> None:
    (spec,) = load(GOOD)
    assert (spec.over_s, spec.by, spec.unit, spec.is_key_digested) == (600.0, ("ip",), "", False)
    assert spec.readable_on == {"account.login", "payment.initiated"}
    assert spec.key_fields("payment.initiated") == ("ip",)
    assert spec.condition is not None
    assert spec.condition.names == ("result",)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "counts"}, "kind is one of count, distinct, sum, last_seen, not 'counts'; did you mean count?"),
        ({"on": ["account.logins"]}, "no event type 'account.logins'; did you mean account.login?"),
        ({"on": []}, "on lists at least one name"),
        ({"on": ["account.login", "account.login"]}, "each once"),
        ({"on": "account.login"}, "Expected `array`"),
        ({"by": ["ipp"]}, "by: no field 'ipp' on account.login; did you mean ip?"),
        ({"on": ["account.login", "message.sent"], "by": ["account"]}, "no field 'account' on account.login and"),
        ({"over": "10s"}, "over is a number of m, h or d"),
        ({"over": "0m"}, "over is from 1m to 30d, not 0m"),
        ({"over": "31d"}, "over is from 1m to 30d, not 31d"),
        ({"over": "9" * 400 + "d"}, "over is from 1m to 30d"),
        ({"where": "resutl = 'failure'"}, "result"),
        ({"where": "result = 3"}, "ip_failed_logins_10m: where"),
        ({"value": "account"}, "count takes no value"),
        ({"kind": "distinct"}, "distinct needs value"),
        ({"kind": "sum", "value": "account"}, "account is text; only a number can be summed"),
        ({"kind": "distinct", "value": "acount"}, "value: no field 'acount' on account.login; did you mean account?"),
        ({"read_by": {"payment.initiate": ["ip"]}}, "did you mean payment.initiated?"),
        ({"read_by": {"payment.initiated": ["ip", "device"]}}, "name 1 field(s), in the order of by (ip)"),
        ({"read_by": {"payment.initiated": ["payer"]}}, "payer is account but ip is ip"),
        ({"read_by": {"account.login": ["ip"]}}, "it is counted there"),
        ({"name": "ip"}, "3 to 64"),
        ({"name": "Ip_Failed"}, "a-z, 0-9 and _"),
        ({"name": "nickname"}, "an event field has this name already"),
        ({"name": REMOVED}, "counter 1: missing name"),
        ({"title": {"en": "Failures"}}, "title.zh is missing"),
        ({"title": REMOVED, "over": REMOVED}, "missing over, title"),
        ({"windw": "10m"}, "unknown field 'windw'"),
        ({"wher": "TRUE"}, "unknown field 'wher'; did you mean where?"),
    ],
)
def test_a_bad_declaration_is_refused_with_what_to_change(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load(changed(**changes))
    assert says in caught.value.message
    assert caught.value.message.startswith("counters.yaml: ")


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load(GOOD, GOOD, changed(name="other_one", over="1y"), changed(name="third_one", by=["x"]))
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        "ip_failed_logins_10m is declared twice", "other_one", "third_one",
    ]


@pytest.mark.parametrize("text", ["", "- [", "name: x", "- 3", "- null"])
def test_what_is_no_list_of_counters_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        load_counters(text, Catalogue(), "counters.yaml")


def test_a_field_that_one_version_lacks_cannot_be_counted_by() -> None:
    first = declare("shop.order", "buyer", {"buyer": "account", "order": "number", "shop": "word"})
    second = declare("shop.order", "buyer", {"buyer": "account", "order": "number"}, version=2)
    catalogue = Catalogue((first, second))
    order = {**GOOD, "on": ["shop.order"], "where": REMOVED, "read_by": {}}
    with pytest.raises(InvalidSettings, match="no field 'shop'"):
        load(changed(**{**order, "by": ["shop"]}), catalogue=catalogue)
    (spec,) = load(changed(**{**order, "by": ["buyer", "order"], "name": "buyer_orders_10m"}), catalogue=catalogue)
    assert len(Counters([spec]).for_type("shop.order")) == 1


def test_a_title_or_a_reader_may_change_without_losing_what_was_counted() -> None:
    before, retitled, widened = (
        load(document)[0]
        for document in (GOOD, changed(title={"zh": "新", "en": "New"}, read_by={}), changed(over="1h"))
    )
    assert before.hash == retitled.hash != widened.hash


def test_the_counters_that_ship_load_and_run_live_and_in_a_backtest() -> None:
    catalogue = Catalogue()
    text = files("anlan.protections").joinpath("counters.yaml").read_text("utf-8")
    specs = load_counters(text, catalogue, "counters.yaml")
    assert len(specs) >= 20
    fields = {field.name: field.type for entry in catalogue for field in fields_of(entry.data)}
    columns = {"text": "VARCHAR", "number": "DOUBLE", "bool": "BOOLEAN"}
    declared = ", ".join(f'"{name}" {columns[kind]}' for name, kind in fields.items() if kind in columns)
    counters = Counters(specs)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE events (seq BIGINT, type VARCHAR, time DOUBLE, {declared})")
        for spec in specs:
            assert connection.execute(window_sql(spec)).fetchall() == []
            assert all(spec.name in {step.name for step in counters.for_type(name)} for name in spec.readable_on)
