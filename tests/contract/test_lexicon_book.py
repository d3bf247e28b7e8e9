"""How a change of the lexicon is kept, decided by a second person and left in the audit log, on both databases."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from anlan.domain.terms import Term
from anlan.errors import Conflict, Forbidden, NotFound
from anlan.store.audit import first_break, latest_entries
from anlan.store.database import Database
from anlan.store.lexicon import Edit, LexiconBook, count_proposed
from anlan.store.tables import lexicon_changes

OLD, NEW = Term("刷单", "fraud", 2, owner="lin"), Term("刷单", "fraud", 3, owner="zhou", near=("佣金",))
OTHER = Term("代考", "illicit_ad", 1)


@pytest.fixture
def book(database: Database) -> LexiconBook:
    return LexiconBook(database)


def test_a_change_takes_effect_when_a_second_person_approves(book: LexiconBook, database: Database) -> None:
    number = book.propose("staff:lin", "last week's wave", 0, [Edit("刷单", None, OLD), Edit("代考", None, OTHER)])
    assert (book.version(), book.layer()) == (0, [])
    with pytest.raises(Forbidden, match="second person"):
        book.approve(number, "staff:lin")
    assert book.approve(number, "staff:zhou", "seen", b"{}") == 1
    assert {(one.key, one.term, one.change_id, one.version) for one in book.layer()} == {
        ("刷单", OLD, number, 1), ("代考", OTHER, number, 1),
    }
    found = book.change(number)
    assert (found.state, found.decided_by, found.note, found.preview, found.version) == (
        "approved", "staff:zhou", "seen", b"{}", 1,
    )
    with database.read() as connection:
        acts = [(entry.actor, entry.act, entry.details.get("terms")) for entry in latest_entries(connection)]
        assert acts == [("staff:zhou", "lexicon.approve", 2), ("staff:lin", "lexicon.propose", 2)]
        assert first_break(connection) is None


def test_later_changes_replace_and_retire_terms(book: LexiconBook) -> None:
    book.approve(book.propose("staff:lin", "", 0, [Edit("刷单", None, OLD)]), "staff:zhou")
    second = book.propose("staff:zhou", "", 1, [Edit("刷单", OLD, NEW), Edit("代考", OTHER, None)])
    assert book.approve(second, "staff:lin") == 2
    assert {one.key: (one.term, one.is_retired) for one in book.layer()} == {
        "刷单": (NEW, False), "代考": (OTHER, True),
    }
    assert [(change.id, edit.before, edit.after) for change, edit in book.history("刷单")] == [
        (second, OLD, NEW), (1, None, OLD),
    ]


def test_a_change_is_decided_once(book: LexiconBook, database: Database) -> None:
    number = book.propose("staff:lin", "", 0, [Edit("刷单", None, OLD)])
    book.reject(number, "staff:zhou", "too broad")
    for act in (lambda: book.approve(number, "staff:wu"), lambda: book.reject(number, "staff:wu", "")):
        with pytest.raises(Conflict, match="rejected already"):
            act()
    own = book.propose("staff:lin", "", 0, [Edit("刷单", None, OLD)])
    with database.read() as connection:
        assert count_proposed(connection) == 1
    book.reject(own, "staff:lin", "my mistake")
    assert [change.state for change in book.changes(("rejected", "withdrawn"))] == ["withdrawn", "rejected"]
    assert book.changes(("proposed",)) == []
    assert (book.version(), book.layer()) == (0, [])
    with pytest.raises(NotFound):
        book.change(99)


def test_what_the_reviewer_saw_must_still_stand(book: LexiconBook) -> None:
    first = book.propose("staff:lin", "", 0, [Edit("刷单", None, OLD)])
    second = book.propose("staff:lin", "", 0, [Edit("刷单", None, NEW)])
    elsewhere = book.propose("staff:lin", "", 0, [Edit("代考", None, OTHER)])
    book.approve(first, "staff:zhou")
    with pytest.raises(Conflict, match="刷单 was changed since"):
        book.approve(second, "staff:zhou")
    assert book.approve(elsewhere, "staff:zhou") == 2
    assert book.change(second).state == "proposed"


def test_the_database_itself_refuses_a_single_person(database: Database) -> None:
    row = {
        "id": 1, "state": "approved", "why": "", "author": "staff:lin", "created_at": 0.0, "seen_version": 0,
        "term_count": 0, "decided_by": "staff:lin", "decided_at": 0.0, "note": "", "version": 1,
    }
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(lexicon_changes), row)


def test_edits_and_changes_come_in_pages(book: LexiconBook) -> None:
    edits = [Edit(f"词{number:05}", None, Term(f"词{number:05}", "fraud", 1)) for number in range(12_000)]
    number = book.propose("system", "", 0, edits)
    assert book.edits(number, limit=2, after="词00001") == edits[2:4]
    assert book.edits(number) == edits
    last = book.propose("system", "", 0, edits[:1])
    assert [change.id for change in book.changes(("proposed",), limit=1)] == [last]
    assert [change.id for change in book.changes(("proposed",), before=last)] == [number]
    book.approve(number, "staff:zhou")
    assert len(book.layer()) == 12_000


def test_a_hash_is_recorded_once(book: LexiconBook) -> None:
    book.record("a" * 64, 1, 10)
    book.record("a" * 64, 2, 10)
    book.record("b" * 64, 1, 11)
    assert (book.hash_of(1), book.hash_of(2)) == ("b" * 64, None)
