"""Live counters and their window functions give what a quadratic reference gives."""

import random
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.domain.event_data import AccountLogin, Data, PaymentInitiated
from anlan.domain.events import Catalogue
from anlan.engine.counter_columns import window_sql
from anlan.engine.counter_specs import CounterSpec, load_counters
from anlan.engine.counters import Counter, Counters
from anlan.engine.windows import EXACT_EVENTS, lateness_s

START = 1_700_000_000.0
TITLE = {"zh": "计数", "en": "a counter"}


def spec_of(**declared: Any) -> CounterSpec:
    document = {"title": TITLE, "on": ["account.login"], "by": ["ip"], "over": "10m", **declared}
    (spec,) = load_counters(msgspec.json.encode([document]).decode(), Catalogue(), "test")
    return spec


SPECS = (
    spec_of(name="failures", kind="count", where="result = 'failure'", read_by={"payment.initiated": ["ip"]}),
    spec_of(name="accounts", kind="distinct", value="account", read_by={"payment.initiated": ["ip"]}),
    spec_of(name="devices", kind="distinct", value="device", by=["account"], where="result = 'failure'", over="1m"),
    spec_of(name="paid", kind="sum", on=["payment.initiated"], value="amount_minor", read_by={"account.login": ["ip"]}),
    spec_of(name="last_login", kind="last_seen", where="result <> 'failure'", read_by={"payment.initiated": ["ip"]}),
    spec_of(name="pairs", kind="count", by=["ip", "device"]),
)


class Row(NamedTuple):
    type: str
    time: float
    data: Data


def reference(spec: CounterSpec, rows: list[Row]) -> list[float | None]:
    return [_reference_at(spec, rows[: index + 1]) if row.type in spec.readable_on else None
            for index, row in enumerate(rows)]


def _reference_at(spec: CounterSpec, rows: list[Row]) -> float | None:
    *_, row = rows
    key = _key(spec, row)
    if None in key:
        return None
    same = [r for r in rows if r.type in spec.on and _key(spec, r) == key and _is_counted(spec, r.data)]
    if spec.kind != "last_seen" and same and row.time < max(r.time for r in same) - lateness_s(spec.over_s):
        return None
    seen = [r for r in same if row.time - spec.over_s < r.time <= row.time]
    if spec.kind == "last_seen":
        return min((row.time - r.time for r in seen if r is not row), default=None)
    if spec.kind == "count":
        return len(seen)
    values = [getattr(r.data, spec.value or "") for r in seen]
    return sum(values) if spec.kind == "sum" else len(set(values))


def _key(spec: CounterSpec, row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row.data, name) for name in spec.key_fields(row.type))


def _is_counted(spec: CounterSpec, data: Data) -> bool:
    conditions: dict[str | None, bool] = {
        None: True,
        "result = 'failure'": getattr(data, "result", None) == "failure",
        "result <> 'failure'": getattr(data, "result", None) == "success",
    }
    return conditions[spec.where] and (spec.value is None or getattr(data, spec.value) is not None)


def live(spec: CounterSpec, rows: list[Row]) -> list[float | None]:
    counters = Counters([spec])
    steps = {name: counters.for_type(name) for name in {row.type for row in rows}}
    return [steps[row.type][0].run(row.data, row.time) if steps[row.type] else None for row in rows]


COLUMNS = ("account", "result", "ip", "device", "amount_minor")


@contextmanager
def journal_of(rows: list[Row]) -> Iterator[duckdb.DuckDBPyConnection]:
    columns = {
        "seq": list(range(len(rows))), "type": [row.type for row in rows], "time": [row.time for row in rows],
        **{name: [getattr(row.data, name, None) for row in rows] for name in COLUMNS},
    }
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "CREATE TABLE events (seq BIGINT, type VARCHAR, time DOUBLE,"
            " account VARCHAR, result VARCHAR, ip VARCHAR, device VARCHAR, amount_minor BIGINT)"
        )
        unnested = ", ".join("unnest(?)" for _ in columns)
        connection.execute(f"INSERT INTO events SELECT {unnested}", list(columns.values()))
        yield connection


def by_window_function(spec: CounterSpec, journal: duckdb.DuckDBPyConnection, rows: list[Row]) -> list[float | None]:
    values = dict(journal.execute(window_sql(spec)).fetchall())
    return [values.get(seq) for seq in range(len(rows))]


def login(ip: str | None = "1", account: str = "a", result: Any = "failure", device: str | None = None) -> AccountLogin:
    return AccountLogin(account=account, result=result, ip=ip, device=device)


OPTIONAL = st.sampled_from([None, "1", "2"])
LOGINS = st.builds(login, ip=OPTIONAL, account=st.sampled_from("abc"), device=OPTIONAL,
                   result=st.sampled_from(["failure", "success"]))
PAYMENTS = st.builds(PaymentInitiated, payer=st.just("a"), payee=st.just("p"), ip=OPTIONAL,
                     amount_minor=st.integers(0, 2**40))
STEPS = st.sampled_from([0.0, 0.0, 0.25, 59.75, 60.0, 300.0, 599.75, 600.0, 1500.0])


def to_rows(datas: list[tuple[float, Data]]) -> list[Row]:
    time, rows = START, []
    for step, data in datas:
        time += step
        rows.append(Row("account.login" if isinstance(data, AccountLogin) else "payment.initiated", time, data))
    return rows


@settings(max_examples=40)
@given(st.lists(st.tuples(STEPS, LOGINS | PAYMENTS), min_size=1, max_size=40))
def test_live_counters_window_functions_and_the_reference_agree_in_time_order(datas: list[tuple[float, Data]]) -> None:
    rows = to_rows(datas)
    with journal_of(rows) as journal:
        for spec in SPECS:
            expected = reference(spec, rows)
            assert live(spec, rows) == expected, spec.name
            assert by_window_function(spec, journal, rows) == expected, spec.name


@pytest.mark.parametrize("seed", range(3))
def test_a_longer_stream_of_every_counter_agrees_with_its_window_function(seed: int) -> None:
    rng = random.Random(seed)
    rows, time = [], START
    for _ in range(1500):
        time += rng.choice([0.0, 1.0, 7.5, 60.0])
        ip = rng.choice([None, *map(str, range(30))])
        if rng.random() < 0.7:
            data: Data = login(ip, f"a{rng.randrange(40)}", rng.choice(["failure", "success"]), rng.choice([None, "d"]))
        else:
            data = PaymentInitiated(payer="a", payee="p", amount_minor=rng.randrange(10_000), ip=ip)
        rows.append(Row("account.login" if isinstance(data, AccountLogin) else "payment.initiated", time, data))
    with journal_of(rows) as journal:
        for spec in SPECS:
            assert live(spec, rows) == by_window_function(spec, journal, rows), spec.name


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([-1300.0, -900.0, -600.0, -60.0, -1.0, *[0.0, 1.0, 300.0, 600.0] * 2]),
                          LOGINS | PAYMENTS), min_size=1, max_size=30))
def test_late_events_count_in_their_own_time(datas: list[tuple[float, Data]]) -> None:
    rows = to_rows(datas)
    for spec in SPECS:
        got, expected = live(spec, rows), reference(spec, rows)
        if spec.kind in ("count", "sum"):
            assert got == expected, spec.name
        elif spec.kind == "distinct":
            assert [value is None for value in got] == [value is None for value in expected]
            assert all(0 <= value <= true for value, true in zip(got, expected, strict=True)
                       if value is not None and true is not None)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([-300.0, -1.0, 0.0, 1.0, 300.0]), LOGINS), min_size=1, max_size=8))
def test_last_seen_knows_the_last_eight_events_in_any_order(datas: list[tuple[float, Data]]) -> None:
    rows = to_rows(datas)
    spec = SPECS[4]
    assert live(spec, rows) == reference(spec, rows)


def test_after_late_events_reads_in_order_are_exact_for_every_kind() -> None:
    rng = random.Random(4)
    rows = [
        Row("account.login", START + index * 20 - rng.choice([0, 0, 130, 450]), login(account=f"a{rng.randrange(9)}"))
        for index in range(300)
    ]
    newest = [row.time >= max(other.time for other in rows[: index + 1]) for index, row in enumerate(rows)]
    for spec in SPECS[:3]:
        pairs = zip(live(spec, rows), reference(spec, rows), newest, strict=True)
        assert all(got == expected for got, expected, is_newest in pairs if is_newest), spec.name


def test_a_late_sighting_of_a_value_seen_since_reads_at_least_itself() -> None:
    counter = Counter(SPECS[1])
    counter.add_then_read("1", START + 300, "a")
    assert counter.add_then_read("1", START, "a") == 1


def test_an_event_later_than_the_allowance_reads_unknown_and_one_far_ahead_does_not_forget_the_present() -> None:
    counter = Counter(SPECS[0])
    for second in range(50):
        counter.add("1", START + second, None)
    counter.add("1", START + 600, None)
    assert counter.read("1", START + 50) == 50
    assert counter.read("1", START - 1) is None


def test_a_hot_key_is_off_by_at_most_one_bucket() -> None:
    for spec, amount in ((SPECS[0], 1), (SPECS[3], 7)):
        rng = random.Random(1)
        counter, times, time = Counter(spec), [], START
        for _ in range(4000):
            time += rng.choice([0.0, 0.1, 0.5, 2.0])
            times.append(time)
            got = counter.add_then_read("1", time, amount)
            exact = sum(amount for t in times[-1500:] if t > time - 600)
            oldest_bucket = sum(amount for t in times[-1500:] if time - 610 <= t <= time - 600)
            assert got is not None
            assert exact <= got <= exact + oldest_bucket
        late = times[-400] + 0.01
        got = counter.read("1", late)
        own_bucket = sum(amount for t in times if late - 10 <= t <= late)
        exact = sum(amount for t in times if late - 600 < t <= late)
        assert got is not None
        assert exact - own_bucket <= got <= exact + 3 * own_bucket


def test_late_events_of_a_hot_key_fall_into_their_own_bucket() -> None:
    rng = random.Random(2)
    for spec in (SPECS[0], SPECS[3]):
        counter, times = Counter(spec), []
        for index in range(3000):
            times.append(START + index - rng.choice([0, 0, 0, 40, 300.5, 550]))
            counter.add("1", times[-1], 1)
        newest = max(times)
        exact = sum(newest - 600 < t <= newest for t in times)
        bucket = sum(newest - 610 <= t <= newest - 600 for t in times)
        got = counter.read("1", newest)
        assert got is not None
        assert exact <= got <= exact + bucket


def test_counts_are_exact_up_to_the_promised_number_of_events() -> None:
    rng = random.Random(3)
    counter, times = Counter(SPECS[0]), []
    for index in range(1000):
        times.append(START + index * 1200 / EXACT_EVENTS + rng.random())
        expected = sum(times[-1] - 600 < t <= times[-1] for t in times)
        assert counter.add_then_read("1", times[-1], None) == expected


def test_keys_of_several_fields_are_joined_unambiguously() -> None:
    counters = Counters([SPECS[5]])
    (step,) = counters.for_type("account.login")
    for ip, device in (("1", "12"), ("11", "2"), ("1:1", "2"), ("1", "1:2"), ("1:", "12")):
        assert step.run(login(ip, device=device), START) == 1


def test_sensitive_and_free_text_keys_are_stored_as_digests() -> None:
    by_phone = spec_of(name="by_phone", kind="count", on=["account.registered"], by=["phone"])
    by_text = spec_of(name="by_text", kind="distinct", on=["message.sent"], by=["sender"], value="text")
    counters = Counters([by_phone, by_text])
    catalogue = Catalogue()
    for type_name, data in (("account.registered", {"account": "a", "phone": "13900001111"}),
                            ("message.sent", {"sender": "a", "text": "a secret"})):
        event = {"specversion": "1.0", "id": "1", "source": "s", "type": type_name, "data": data}
        counters.observe(catalogue.decode(msgspec.json.encode(event), START))
    assert len(counters.by_name["by_phone"]) == len(counters.by_name["by_text"]) == 1
    assert b"13900001111" not in counters.snapshot("by_phone")
    assert b"secret" not in counters.snapshot("by_text")


def test_silent_keys_expire_and_none_before_its_time() -> None:
    counter = Counter(SPECS[0])
    for index in range(40_000):
        counter.add(f"k{index // 4}", START + index, None)
    assert counter.evicted_early == 0
    assert 1200 / 4 <= len(counter) <= 2500 / 4 + 10


def test_a_few_clocks_far_ahead_do_not_age_the_keys() -> None:
    counter = Counter(SPECS[0])
    for index in range(1000):
        counter.add(f"k{index}", START + index * 0.01, None)
    for year in range(8):
        counter.add("ahead", START + year * 31_536_000.0, None)
    assert all(counter.read(f"k{index}", START + 10) == 1 for index in range(1000))


def test_memory_is_bounded_by_max_keys_and_early_evictions_are_counted() -> None:
    counter = Counter(SPECS[0], max_keys=1000)
    for index in range(5000):
        counter.add(f"k{index}", START + index * 0.001, None)
        assert len(counter) <= 1000
    assert counter.evicted_early == 5000 - len(counter)
    assert counter.read("k4999", START + 5) == 1


@pytest.mark.parametrize(("spec", "limit"), [(SPECS[0], 330), (SPECS[1], 500), (SPECS[3], 370), (SPECS[4], 330)])
def test_bytes_per_key_of_a_hundred_thousand_keys(spec: CounterSpec, limit: int) -> None:
    tracemalloc.start()
    counter = Counter(spec, max_keys=1_000_000)
    for index in range(100_000):
        counter.add(f"198.51.{index}", START + index * 0.001, "a" if spec.kind == "distinct" else 5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / 100_000 < limit


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_snapshot_continues_with_identical_reads(spec: CounterSpec) -> None:
    rng = random.Random(7)

    def stream(start: float) -> list[tuple[str, float, Any]]:
        keys = ["hot", *(f"k{index}" for index in range(50))]
        return [
            (rng.choices(keys, [100, *[1] * 50])[0], start + index * 0.5 - rng.choice([0, 0, 70]),
             f"v{rng.randrange(3000)}" if spec.kind == "distinct" else rng.randrange(9))
            for index in range(4000)
        ]

    counter, restored = Counter(spec), Counter(spec)
    for key, time, value in stream(START):
        counter.add(key, time, value)
    assert restored.restore(counter.snapshot())
    assert len(restored) == len(counter)
    for key, time, value in stream(START + 2000):
        assert counter.add_then_read(key, time, value) == restored.add_then_read(key, time, value)


def test_a_snapshot_of_another_declaration_or_format_is_refused() -> None:
    first = Counters([SPECS[0]])
    first.by_name["failures"].add("1", START, None)
    blob = first.snapshot("failures")
    changed = Counters([spec_of(name="failures", kind="count", where="result = 'success'")])
    assert first.restore("failures", blob)
    assert not changed.restore("failures", blob)
    assert not first.restore("failures", b"\x93not a snapshot")
    assert not first.restore("failures", b"")
    assert not first.restore("unheard_of", blob)
    assert first.by_name["failures"].read("1", START) == 1


def test_replaying_the_journal_counts_as_the_live_path_did() -> None:
    catalogue = Catalogue()
    lived, replayed = Counters(SPECS), Counters(SPECS)
    for index in range(60):
        body = {"specversion": "1.0", "id": str(index), "source": "s", "type": "account.login",
                "data": {"account": f"a{index % 7}", "result": "failure", "ip": f"{index % 3}", "device": "d"}}
        event = catalogue.decode(msgspec.json.encode(body), START + index)
        for step in lived.for_type("account.login"):
            step.run(event.data, event.time)
        replayed.observe(event)
    assert all(lived.snapshot(spec.name) == replayed.snapshot(spec.name) for spec in SPECS)
    replayed.observe(event, {"failures"})
    differ = {spec.name for spec in SPECS if lived.snapshot(spec.name) != replayed.snapshot(spec.name)}
    assert differ == {"failures"}


def test_a_far_past_or_huge_time_is_counted_without_harm() -> None:
    counter = Counter(SPECS[0])
    for time in (0.0, START, sys.float_info.max / 4, START + 1):
        counter.add(f"k{time}", time, None)
    assert counter.read(f"k{START}", START) == 1
