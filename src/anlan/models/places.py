"""Decides where an address is, offline, from one compact file of sorted ranges; unknown stays unknown.

The file that ships is made from public data (see NOTICE); an operator's newer one is preferred. Rows are held as plain
arrays and searched by halving, so that a look costs about a microsecond and the whole table nine MiB.
"""

import csv
import re
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
import numpy as np
import structlog
from numpy.typing import NDArray

from anlan.domain.places import ADDRESS_BITS, Place, address_of
from anlan.errors import InvalidRequest

SHIPPED = Path(__file__).parent / "artefacts" / "places.npz"
FILE_NAME = "places.npz"
ADDRESSES_REMEMBERED = 20_000
_KEY_BITS = {4: 32, 6: 48}
"""How much of an address the table tells apart; no network of IPv6 that is announced alone is narrower than /48."""
_KEY_BYTES = {4: 4, 6: 6}
_ASN_BYTES = 4
_FORMAT = 1
_RESERVED = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    "::/3", "2001:db8::/32", "4000::/2", "8000::/1",
)))
"""Private, for documentation, or never given to anybody; in order."""
_COUNTRY = re.compile("[A-Z]{2}")

log = structlog.get_logger(__name__)


class Range(NamedTuple):
    """Addresses `first` to `last`, as numbers of IP version `version`, and what is said of them."""

    version: int
    first: int
    last: int
    value: str | int


class _Rows(NamedTuple):
    """Where each row begins and what holds until the next one; 0 is unknown."""

    starts: Sequence[int]
    values: Sequence[int]

    def at(self, key: int) -> int:
        return self.values[bisect_right(self.starts, key) - 1]


class PlaceTable:
    """The table in memory; see `domain.places.Places`.

    Raises:
        InvalidRequest: not a file that `write_places` made.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        try:
            with np.load(path, allow_pickle=False) as kept:
                made_on, countries, self._rows = _unpacked(kept)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InvalidRequest(f"{path} is no table of places: {error}; run anlan places update again") from error
        self.made_on: str = made_on
        self._countries: list[str | None] = [code or None for code in countries]
        self.place = lru_cache(ADDRESSES_REMEMBERED)(self._find)

    def _find(self, ip: str) -> Place | None:
        address = address_of(ip)
        if address is None:
            return None
        version, number = address
        key = number >> ADDRESS_BITS[version] - _KEY_BITS[version]
        country = self._countries[self._rows[f"country{version}"].at(key)]
        asn = self._rows[f"asn{version}"].at(key) or None
        return None if country is None and asn is None else Place(country, asn)


@cache
def shipped_places() -> PlaceTable:
    """The table that ships."""
    return PlaceTable()


def load_places(folder: Path) -> PlaceTable:
    """The operator's own table in `folder` if there is one that can be read, else the one that ships."""
    own = folder / FILE_NAME
    if own.exists():
        try:
            return PlaceTable(own)
        except InvalidRequest as error:
            log.error("places_refused", reason=error.message)
    return shipped_places()


def read_ranges(path: Path) -> Iterator[Range]:
    """What a file says: CSV lines `first,last,country` or `first,last,asn,...`, or a .mmdb of either kind.

    Raises:
        InvalidRequest: the file cannot be read, or a line is of another form.
    """
    try:
        yield from _of_mmdb(path) if path.suffix == ".mmdb" else _of_csv(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise InvalidRequest(f"{path.name}: {error}; give ip-location-db CSV or .mmdb files") from error


def _of_csv(path: Path) -> Iterator[Range]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if len(row) < 3:
                raise ValueError(f"line {number}: three columns are needed: first, last, country or asn")
            first, last = (ip_address(int(cell) if cell.isdigit() else cell) for cell in row[:2])
            yield Range(first.version, int(first), int(last), _value(row[2], number))


def _value(cell: str, number: int) -> str | int:
    if cell.isdigit() and int(cell) < 2**32:
        return int(cell)
    if not _COUNTRY.fullmatch(cell):
        raise ValueError(f"line {number}: {cell[:20]!r} is neither a country's two letters nor a number of a network")
    return cell


def _of_mmdb(path: Path) -> Iterator[Range]:
    with maxminddb.open_database(path) as database:
        for network, record in database:
            value = _said(record)
            if value is not None:
                yield Range(network.version, *_ends(network), value)


def _ends(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def _said(record: Any) -> str | int | None:
    """The country or the autonomous system, under the names that makers of such files use."""
    if not isinstance(record, Mapping):
        return None
    country = record.get("country_code") or (record.get("country") or {}).get("iso_code")
    number: str | int | None = country or record.get("autonomous_system_number") or record.get("asn")
    return number


def write_places(ranges: Iterable[Range], made_on: date, path: Path) -> int:
    """Compile ranges of countries and of autonomous systems into one table; how many rows it has.

    Raises:
        InvalidRequest: one of the two kinds is missing.
    """
    by_kind: dict[str, list[Range]] = {}
    for one in ranges:
        by_kind.setdefault(f"{'asn' if isinstance(one.value, int) else 'country'}{one.version}", []).append(one)
    missing = [kind for kind in ("country4", "asn4") if kind not in by_kind]
    if missing:
        raise InvalidRequest(f"no ranges for {' and '.join(missing)}; give the files for countries and for networks")
    said = {one.value for kind in by_kind if kind.startswith("country") for one in by_kind[kind]}
    countries = ["", *sorted(map(str, said))]
    numbers: dict[str | int, int] = {code: place for place, code in enumerate(countries)}
    packed: dict[str, NDArray[Any]] = {"countries": np.array(countries), "made": np.array([made_on.isoformat()])}
    rows = 0
    for kind in ("country4", "country6", "asn4", "asn6"):
        starts, values = _rows_of(by_kind.get(kind, ()), int(kind[-1]), numbers)
        packed[f"{kind}_starts"] = _planes(np.diff(starts, prepend=np.uint64(0)), _KEY_BYTES[int(kind[-1])])
        packed[f"{kind}_values"] = _planes(values, _ASN_BYTES)
        rows += len(starts)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, form=np.array([_FORMAT]), **packed)
    return rows


def _rows_of(
    ranges: Iterable[Range], version: int, numbers: Mapping[str | int, int]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Where the value changes, and to what; neighbours of one value are one row, gaps are unknown."""
    cut = ADDRESS_BITS[version] - _KEY_BITS[version]
    rows: list[tuple[int, int]] = [(0, 0)]
    end = 0
    for one in sorted(ranges, key=lambda one: one.first):
        value = one.value if isinstance(one.value, int) else numbers[one.value]
        first, after = one.first >> cut, (one.last >> cut) + 1
        if first > end:
            _begin(rows, end, 0)
        _begin(rows, max(first, end), value)
        end = max(end, after)
    if end < 2 ** _KEY_BITS[version]:
        _begin(rows, end, 0)
    starts, values = zip(*_without_reserved(rows, version), strict=True)
    return np.array(starts, np.uint64), np.array(values, np.uint64)


def _without_reserved(rows: Sequence[tuple[int, int]], version: int) -> list[tuple[int, int]]:
    """The rows with unknown where addresses stand nowhere by definition, whatever the data claim of them."""
    cut = ADDRESS_BITS[version] - _KEY_BITS[version]
    starts = [start for start, _ in rows]
    kept = [(0, 0)]
    at = 0
    for network in (one for one in _RESERVED if one.version == version):
        first, last = _ends(network)
        first, after = first >> cut, (last >> cut) + 1
        for start, value in rows[at : bisect_right(starts, first - 1)]:
            _begin(kept, start, value)
        _begin(kept, first, 0)
        at = bisect_right(starts, after)
        if after < 2 ** _KEY_BITS[version]:
            _begin(kept, after, rows[at - 1][1])
    for start, value in rows[at:]:
        _begin(kept, start, value)
    return kept


def _begin(rows: list[tuple[int, int]], start: int, value: int) -> None:
    if rows[-1][0] == start:
        rows.pop()
    if not rows or rows[-1][1] != value:
        rows.append((start, value))


def _planes(numbers: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """The bytes of the same weight side by side: that packs to a third."""
    return np.ascontiguousarray(numbers.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T)


def _unpacked(kept: Mapping[str, NDArray[Any]]) -> tuple[str, list[str], dict[str, _Rows]]:
    if int(kept["form"][0]) != _FORMAT:
        raise ValueError("made by another version")
    rows = {}
    for kind in ("country4", "country6", "asn4", "asn6"):
        starts = np.cumsum(_numbers(kept[f"{kind}_starts"]), dtype=np.uint64)
        values = _numbers(kept[f"{kind}_values"])
        small = values.astype(np.uint8 if kind.startswith("country") else np.uint32)
        narrow = starts.astype(np.uint32) if kind[-1] == "4" else starts
        rows[kind] = _Rows(memoryview(narrow.data), memoryview(small.data))
    return str(kept["made"][0]), [str(code) for code in kept["countries"]], rows


def _numbers(planes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    wide = np.zeros((planes.shape[1], 8), np.uint8)
    wide[:, : planes.shape[0]] = planes.T
    return wide.view("<u8").reshape(-1)
