"""Where addresses are, how far countries are apart at least, and tables that are compiled from what operators have."""

from datetime import date
from pathlib import Path

import pytest

from anlan.domain.places import Place, address_of, least_km, network_of
from anlan.errors import InvalidRequest
from anlan.models.places import PlaceTable, load_places, read_ranges, shipped_places, write_places

COUNTRIES = "1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.3.255,CN\n1.0.4.0,1.0.7.255,AU\n"
SYSTEMS = '1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."\n1.0.4.0,1.0.5.255,38803,Gtelecom\n'
COUNTRIES_6 = "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"


@pytest.fixture
def own(tmp_path: Path) -> PlaceTable:
    ranges = []
    for name, text in (("c4.csv", COUNTRIES), ("a4.csv", SYSTEMS), ("c6.csv", COUNTRIES_6)):
        (tmp_path / name).write_text(text)
        ranges += read_ranges(tmp_path / name)
    write_places(ranges, date(2026, 6, 17), tmp_path / "places.npz")
    return load_places(tmp_path)


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("1.0.0.0", Place("AU", 13335)), ("1.0.0.255", Place("AU", 13335)), ("1.0.1.0", Place("CN", None)),
        ("1.0.5.255", Place("AU", 38803)), ("1.0.6.0", Place("AU", None)), ("1.0.8.0", None), ("0.255.255.255", None),
        ("::ffff:1.0.1.9", Place("CN", None)), ("2001:200:8::1", Place("JP", None)), ("2001:201::", None),
        ("255.255.255.255", None), ("10.0.0.1", None), ("1.0.1", None), ("", None), ("1.0.1.1\n", None),
    ],
)
def test_every_address_lies_in_its_range_or_nowhere(own: PlaceTable, ip: str, place: Place | None) -> None:
    assert own.place(ip) == place


def test_an_operators_table_is_preferred_unless_it_is_broken(own: PlaceTable, tmp_path: Path) -> None:
    assert own.made_on == "2026-06-17"
    assert load_places(tmp_path / "empty") is shipped_places()
    (tmp_path / "places.npz").write_bytes(b"no archive")
    assert load_places(tmp_path) is shipped_places()


@pytest.mark.parametrize("text", ["1.0.0.0,1.0.0.255\n", "1.0.0.0,x,AU\n", "1.0.0.0,1.0.0.255,Australia\n"])
def test_a_line_of_another_form_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.csv").write_text(text)
    with pytest.raises(InvalidRequest, match=r"odd\.csv"):
        list(read_ranges(tmp_path / "odd.csv"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.mmdb").write_bytes(b"odd")
    with pytest.raises(InvalidRequest, match=r"odd\.mmdb"):
        list(read_ranges(tmp_path / "odd.mmdb"))


def test_both_kinds_of_ranges_are_needed(tmp_path: Path) -> None:
    (tmp_path / "c4.csv").write_text(COUNTRIES)
    with pytest.raises(InvalidRequest, match="asn4"):
        write_places(read_ranges(tmp_path / "c4.csv"), date(2026, 6, 17), tmp_path / "places.npz")


def test_the_shipped_table_knows_the_well_known() -> None:
    shipped = shipped_places()
    assert shipped.place("8.8.8.8") == Place("US", 15169)
    assert shipped.place("2001:4860:4860::8888") == Place("US", 15169)
    assert shipped.place("192.168.1.1") is None


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [("CN", "US", 1_000, 6_000), ("AU", "GB", 10_000, 16_000), ("DE", "FR", 0, 0), ("CN", "CN", 0, 0),
     ("CN", "ZZ", 0, 0), ("US", "RU", 0, 100)],
)
def test_least_distances_never_claim_too_much(a: str, b: str, low: int, high: int) -> None:
    assert low <= least_km(a, b) == least_km(b, a) <= high


def test_networks_are_what_one_household_has() -> None:
    assert network_of("198.51.100.77") == "198.51.100.0/24"
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert network_of("nowhere") is None
    assert address_of("::ffff:1.2.3.4") == (4, 0x01020304)
