"""What running processes notice of a policy's life."""

from collections.abc import Callable
from pathlib import Path

import pytest
from housed import running, settings_for
from sqlalchemy import update

from anlan.store.database import Database
from anlan.store.notices import latest_notices
from anlan.store.policies import Policies
from anlan.store.tables import policy_versions


@pytest.fixture
def policies(database: Database) -> Policies:
    return Policies(database)


def test_the_stamp_grows_with_every_change(policies: Policies) -> None:
    """Also where one version takes another's place, which leaves as many versions in as many states."""
    stamps = [policies.stamp()]
    for version in (1, 2, 3):
        policies.add("fraud.x", f"body {version}", "lin")
        stamps.append(policies.stamp())
        policies.move("fraud.x", version, "shadow", "lin")
        stamps.append(policies.stamp())
        policies.move("fraud.x", version, "live", "zhou")
        stamps.append(policies.stamp())
    assert stamps == sorted(set(stamps))


async def test_a_version_that_no_longer_holds_is_set_aside_and_the_others_stay_in_force(
    backend: str, new_url: Callable[[str], str], tmp_path: Path
) -> None:
    """As after an upgrade that took a signal away."""
    settings = settings_for(tmp_path, new_url(backend))
    async with running(settings) as house:
        before = len(house.policy_set.members)
        name = house.policy_set.members[0].policy.id
        broken = house.policies.get(name, 1).body.replace("when: ", "when: gone_signal > 1 OR ", 1)
        with house.database.write() as connection:
            connection.execute(update(policy_versions).where(policy_versions.c.id == name).values(body=broken))
    async with running(settings) as house:
        assert len(house.policy_set.members) == before - 1
        with house.database.read() as connection:
            (notice,) = latest_notices(connection)
        assert (notice.kind, notice.subject) == ("policy_set_aside", f"{name} v1")
