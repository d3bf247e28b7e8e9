"""The store's side of a policy's life: what running processes notice, and that nothing is overwritten."""

import pytest

from anlan.store.database import Database
from anlan.store.policies import Policies


@pytest.fixture
def policies(database: Database) -> Policies:
    return Policies(database)


def promote(policies: Policies, version: int) -> None:
    policies.move("fraud.x", version, "shadow", "lin")
    policies.move("fraud.x", version, "live", "zhou")


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


def test_a_version_that_goes_live_retires_the_one_before(policies: Policies) -> None:
    for version in (1, 2):
        policies.add("fraud.x", f"body {version}", "lin")
        promote(policies, version)
    assert [(one.version, one.state, one.body) for one in policies.versions("fraud.x")] == [
        (2, "live", "body 2"), (1, "retired", "body 1"),
    ]
    assert [one.version for one in policies.in_force()] == [2]
