"""The public data set of sign-ins: its columns become events, and what cannot be read is refused by its row."""

from pathlib import Path

import msgspec
import pytest

from anlan.connectors.files.logins import is_login_table, read_login, read_truth
from anlan.connectors.files.rows import Row, read_rows
from anlan.domain.event_data import AccountLogin
from anlan.domain.events import Catalogue
from anlan.errors import InvalidRequest

COLUMNS = (
    "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,"
    "Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover"
)
AGENT = '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.0 Safari/537.36"'
OWN = f"0,2020-02-03 12:43:30.772,-4324475583306591935,21,10.0.65.171,NO,-,-,29695,{AGENT},Chrome 79,Linux,desktop,"


def _read(tmp_path: Path, *lines: str) -> list[Row]:
    file = tmp_path / "logins.csv"
    file.write_text("\n".join((COLUMNS, *lines)), "utf-8")
    return list(read_rows(str(file), 0.0))


def test_a_row_becomes_a_sign_in_at_its_own_time(tmp_path: Path) -> None:
    (row,) = _read(tmp_path, OWN + "False,True,False")
    assert row.body is not None
    event = Catalogue().decode(row.body, 1_600_000_000.0)
    assert event.type.name == "account.login"
    assert event.time == pytest.approx(1_580_733_810.772)
    data = event.data
    assert isinstance(data, AccountLogin)
    assert (data.account, data.result, data.ip) == ("-4324475583306591935", "failure", "10.0.65.171")
    assert data.user_agent == AGENT.strip('"')
    assert data.device is None, "the data set knows no secrets of devices"


def test_labels_stay_out_of_the_event(tmp_path: Path) -> None:
    harmless, taken_over = _read(tmp_path, OWN + "True,False,False", OWN + "True,True,True")
    assert harmless.body
    assert taken_over.body
    assert msgspec.json.decode(harmless.body)["data"] == msgspec.json.decode(taken_over.body)["data"]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (OWN.replace("2020-02-03 12:43:30.772", "yesterday") + "True,False,False", "Login Timestamp"),
        (OWN.replace("-4324475583306591935", "") + "True,False,False", "User ID"),
        (OWN + "perhaps,False,False", "Login Successful"),
    ],
)
def test_a_row_that_cannot_be_read_says_which_column(tmp_path: Path, line: str, column: str) -> None:
    wrong, right = _read(tmp_path, line, OWN + "True,False,False")
    assert wrong.body is None
    assert column in wrong.problem
    assert right.body is not None


def test_a_table_without_the_needed_columns_is_no_login_table(tmp_path: Path) -> None:
    assert not is_login_table(["Login Timestamp", "User ID"])
    file = tmp_path / "other.csv"
    file.write_text("User ID,IP Address\n1,192.0.2.1\n", "utf-8")
    with pytest.raises(InvalidRequest, match="login table"):
        list(read_rows(str(file), 0.0))


def test_truth_and_addresses_may_be_written_in_several_ways() -> None:
    cells = {"Login Timestamp": "2020-02-03T12:43:30Z", "User ID": "7", "Login Successful": "1", "IP Address": ""}
    time, data = read_login(cells)
    assert (time, data.result, data.ip, data.user_agent) == (1_580_733_810.0, "success", None, None)
    assert read_truth({"Is Attack IP": " FALSE "}, "Is Attack IP") is False
