"""A deferred signal from the journal to a second decision; facts that outlive a restart; policy files that change."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from housed import hello, read, running, settings_for
from spine import envelope, policy
from sqlalchemy import select

from anlan.app import House
from anlan.settings import Settings
from anlan.store.cases import list_cases
from anlan.store.tables import deferred, outbox

COPIES = policy(
    "own.copies", "length(text) > 20 AND text_copy_senders_1d >= 3",
    "text: twenty characters and more, text_copy_senders_1d: 3", "text: short", "[{hold: {}}, {delete_message: {}}]",
)


@pytest.fixture
def settings(backend: str, new_url: Callable[[str], str], tmp_path: Path) -> Settings:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "own.yaml").write_text(COPIES)
    return settings_for(tmp_path / "house", new_url(backend), policies_dir=tmp_path / "policies")


def kinds(house: House) -> list[str]:
    with house.database.read() as connection:
        return sorted(connection.execute(select(outbox.c.kind)).scalars())


async def nothing_waits(house: House) -> None:
    async with asyncio.timeout(30):
        while True:
            with house.database.read() as connection:
                if not connection.execute(select(deferred.c.event_seq)).all():
                    return
            await asyncio.sleep(0.05)


async def test_near_copies_are_found_by_a_second_look(settings: Settings) -> None:
    async with running(settings) as house:
        answers = [
            await house.intake.accept(hello(number, sender=f"s{number}", text=f"win a phone today, write to {number}"))
            for number in range(4)
        ]
        assert [(read(answer)["verdict"], read(answer)["pending"]) for answer in answers] == [("allow", True)] * 4
        await nothing_waits(house)
        decision = house.journal.find(read(answers[3])["decision"].split(".")[0])
        assert decision
        assert (decision.decision.pass_number, decision.decision.verdict) == (2, "hold")
        assert decision.decision.signals["text_copy_senders_1d"] >= 3
        await house.writer.flush()  # what was committed has been told to whoever waits for it
        assert {"action.delete_message", "decision.revised"} <= set(kinds(house))
        assert read(await house.intake.accept(hello(3)))["verdict"] == "hold", "a repeat hears the latest"


async def test_a_group_in_which_many_write_harm_becomes_a_case_about_the_group(settings: Settings) -> None:
    async with running(settings) as house:
        for number in range(7):
            text = f"刷单兼职日结佣金 {number}{number}8 元，先垫付后返，加微信 abc{number}9876"
            await house.intake.accept(hello(number, sender=f"s{number}", text=text, group="g7"))
            await house.writer.flush()
        await nothing_waits(house)
        with house.database.read() as connection:
            found = [case for case in list_cases(connection) if case.policy == "content.group_of_harm"]
    assert found
    assert {case.target for case in found} == {"group:g7"}


async def test_what_was_learnt_outlives_a_restart(settings: Settings) -> None:
    async with running(settings) as house:
        await house.intake.accept(envelope("account.registered", "r", {"account": "ann", "nickname": "Ann"}))
        await house.intake.accept(
            envelope("friendship.changed", "f", {"account": "bob", "other": "ann", "change": "added"})
        )
    async with running(settings) as house:
        answer = read(await house.intake.accept(hello(1, sender="ann", recipient="bob")))
        stored = house.journal.find(answer["decision"].split(".")[0])
        assert stored
        assert 0 <= stored.decision.signals["sender_age_days"] < 1
        assert stored.decision.signals["sender_is_contact"] is True


async def test_policy_files_are_followed_and_a_broken_one_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "policies" / "own.yaml"
    house = House(settings)
    before = house.policy_set
    assert before.get("own.copies", 1)

    def write(text: str) -> None:
        path.write_text(text)
        house._file_stamp = {}
        house._reload()

    for broken in ("- id: [", COPIES.replace("length(text)", "lenth(text)"), COPIES.replace("block", "explode") + "x"):
        write(broken)
        assert house.policy_set.hash == before.hash
    write(COPIES.replace(">= 3", ">= 2"))
    changed = house.policy_set.get("own.copies")
    assert changed
    assert (changed.policy.version, changed.is_live) == (2, True)
    write(COPIES.replace(">= 3", ">= 2"))
    assert len(house.policies.versions("own.copies")) == 2
    write(COPIES.replace(">= 3", ">= 2").replace("state: live", "state: retired"))
    assert house.policy_set.get("own.copies") is None

    house.segments.close()
    house.database.close()
