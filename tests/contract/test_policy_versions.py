"""What running processes notice of a policy's life."""

import pytest

from anlan.store.database import Database
from anlan.store.policies import Policies


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
