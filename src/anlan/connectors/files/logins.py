"""Reads the public data set of sign-ins for risk-based authentication (Wiefling et al. 2022) as `account.login` events.

Timestamp, user, address, agent and outcome become the event; what the table says of the place is left to Anlan's own,
and its two labels are for those who score, never part of the event.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Literal

from anlan.domain.event_data import AccountLogin
from anlan.errors import InvalidRequest

TIME, USER, ADDRESS, AGENT = "Login Timestamp", "User ID", "IP Address", "User Agent String"
SUCCESS, ATTACK_ADDRESS, TAKEOVER = "Login Successful", "Is Attack IP", "Is Account Takeover"
MAX_AGENT_CHARS = 512
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def is_login_table(columns: Collection[str]) -> bool:
    """Whether a CSV with these columns is the data set, or one like it."""
    return {TIME, USER, SUCCESS}.issubset(columns)


def read_login(row: Mapping[str, str | None]) -> tuple[float, AccountLogin]:
    """(time in seconds since the epoch, UTC; the event's data) of one row.

    Raises:
        InvalidRequest: a cell that is needed is missing or cannot be read; says which.
    """
    result: Literal["success", "failure"] = "success" if read_truth(row, SUCCESS) else "failure"
    data = AccountLogin(
        account=_cell(row, USER), result=result, ip=row.get(ADDRESS) or None, method="password",
        user_agent=(row.get(AGENT) or "")[:MAX_AGENT_CHARS] or None,
    )
    return _read_time(_cell(row, TIME)), data


def read_truth(row: Mapping[str, str | None], column: str) -> bool:
    """A cell of True or False.

    Raises:
        InvalidRequest: it holds something else.
    """
    value = _TRUTH.get(_cell(row, column).lower())
    if value is None:
        raise InvalidRequest(f"the column {column} says {_cell(row, column)[:40]!r}; it takes True or False")
    return value


def _cell(row: Mapping[str, str | None], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value:
        raise InvalidRequest(f"the column {column} is empty")
    return value


def _read_time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"the column {TIME} says {text[:40]!r}; it takes 2020-02-03 12:43:30.772") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
