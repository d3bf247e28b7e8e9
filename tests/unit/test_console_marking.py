"""Marks in a text: pieces that are the text, styles that overlap, and characters that hide."""

from hypothesis import given
from hypothesis import strategies as st

from anlan.web.console.marking import Mark, cut, visible

PLAIN = st.text(alphabet="ab刷单\n", max_size=20)
MARKS = st.lists(st.builds(Mark, st.integers(-2, 25), st.integers(-2, 25), st.sampled_from(["x", "y"])), max_size=8)


@given(PLAIN, MARKS)
def test_pieces_are_the_text(text: str, marks: list[Mark]) -> None:
    pieces = cut(text, marks)
    assert "".join(piece.text for piece in pieces) == text
    at = 0
    for piece in pieces:
        middle = range(at, at + len(piece.text))
        held = {m.style for m in marks if 0 <= m.start < m.end <= len(text) and m.start <= at and m.end >= middle.stop}
        assert set(piece.style.split()) == held
        at = middle.stop


def test_marks_overlap_and_say_what_they_are() -> None:
    pieces = cut("abcdef", [Mark(0, 4, "term", "one"), Mark(2, 6, "move", "two"), Mark(3, 3, "nothing")])
    assert [(piece.text, piece.style, piece.tip) for piece in pieces] == [
        ("ab", "term", "one"), ("cd", "term move", "one · two"), ("ef", "move", "two")
    ]


def test_what_hides_is_shown_as_its_number() -> None:
    assert visible("a\u200bb\u202ec\x00") == "a⟨U+200B⟩b⟨U+202E⟩c⟨U+0000⟩"
    assert visible("\ud800") == "⟨U+D800⟩"
    assert visible("一\n二\t👩‍👧") == "一\n二\t👩‍👧"
