"""An operator finds a damaged segment and mends it from the record."""

import asyncio
import os
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from consoled import AN_EVENING, moved

from anlan.app import House
from anlan.cli import main
from anlan.clock import now
from anlan.demo.simulation import simulate
from anlan.settings import Settings

EVENTS = 60


@pytest.fixture
async def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose journal is one sealed segment; the segment's path."""
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path))
    house = House(Settings(data_dir=tmp_path))
    await house.start()
    # Nothing old (no past, no day long ago): retention would rewrite the segment while the test looks at it.
    evening, a_day_ago = simulate(3, AN_EVENING, 24, people=30, has_past=False), now() - 86_400.0
    talk = (event for event in evening if event.type == "message.sent")
    bodies = [moved(event, a_day_ago - AN_EVENING) for event in islice(talk, EVENTS)]
    await house.intake.accept_many(bodies)
    await until_judged(house)
    house.segments.seal(everything=True)
    (segment,) = house.segments.listed()
    assert segment.event_count == EVENTS
    await house.stop()
    return tmp_path / "journal" / segment.file


async def until_judged(house: House) -> None:
    """Until every second look is done, for a segment takes no event whose decision may change."""
    async with asyncio.timeout(60):
        while (waiting := house.segments.waiting()).final < waiting.last:
            await asyncio.sleep(0.05)


async def test_a_damaged_segment_is_named_and_rebuilt(sealed: Path) -> None:
    assert _run("journal", "check").exit_code == 0
    body = bytearray(sealed.read_bytes())
    body[len(body) // 2] ^= 0xFF
    sealed.chmod(0o600)
    sealed.write_bytes(bytes(body))
    os.utime(sealed, (1, 1))
    found = _run("journal", "check")
    assert found.exit_code == 1
    assert "damaged" in found.output
    mended = _run("journal", "rebuild", sealed.name)
    assert mended.exit_code == 0, mended.output
    assert f"{EVENTS} events" in mended.output
    assert _run("journal", "check").exit_code == 0


async def test_an_unknown_segment_is_refused_in_words(sealed: Path) -> None:
    refused = _run("journal", "rebuild", "no-such-file.parquet")
    assert refused.exit_code == 2
    assert "no-such-file.parquet" in refused.output


def _run(*arguments: str):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(main, list(arguments))
