"""What policies did to an account for a thief's acts does not stay with its owner, on both databases."""

from contained import ANN, NOW, OWN, THIEF, Theft
from judged import MUTE
from sanctioned import Desk

from anlan.center.absolution import REASON, Absolution
from anlan.desk.automatic import AutomaticSanctions
from anlan.store.database import Database
from anlan.store.sanctions import sanctions_of


def test_only_what_the_thief_earned_is_taken_back_and_only_while_it_is_contained(database: Database) -> None:
    theft, desk = Theft(database), Desk(database)
    theft.steal()
    theft.commit(
        theft.judge("message.sent", NOW - 400, (MUTE,), text="mine", recipient="bob", **OWN),
        theft.judge("message.sent", NOW - 300, (MUTE,), text="lend me 2000", recipient="bob", **THIEF),
    )
    AutomaticSanctions(desk.sanctions).take_in(NOW)
    absolution = Absolution(desk.sanctions, theft.codec)
    assert absolution.round(NOW) == 0
    theft.open()
    assert [absolution.round(NOW + 1), absolution.round(NOW + 2)] == [1, 0]
    with database.read() as connection:
        found = sanctions_of(connection, ANN)
    assert sorted((one.state, one.lift_reason) for one in found) == [("in_force", None), ("lifting", REASON)]
