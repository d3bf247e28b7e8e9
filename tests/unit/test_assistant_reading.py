"""Who says what in a chat that was pasted, and that the other side's words are never taken for the member's own."""

from anlan.center.assistant.reading import built_in_cues, evidence_of, own_voice, spoken_parts

PASTED = "他发来这些\n对方：把验证码发我\n我：干嘛用的\n骗子: 我已经付了一半"
IN_ENGLISH = "Look at this\nHim: pay the fee first\nMe: really?"


def test_lines_of_a_chat_belong_to_whom_they_name() -> None:
    assert spoken_parts(PASTED) == [
        ("them", "把验证码发我"), ("me", "干嘛用的"), ("them", "我已经付了一半"), ("unknown", "他发来这些"),
    ]
    assert spoken_parts(IN_ENGLISH) == [("them", "pay the fee first"), ("me", "really?"), ("unknown", "Look at this")]


def test_what_the_other_side_says_is_not_the_members_own() -> None:
    assert "付了" not in own_voice(PASTED)
    assert "paid" not in built_in_cues().hear(PASTED).intents


def test_a_line_with_a_colon_that_names_nobody_is_the_members_own() -> None:
    assert spoken_parts("补充：我已经付了") == [("unknown", "补充：我已经付了")]
    assert "paid" in built_in_cues().hear("补充：我已经付了").intents


def test_only_what_the_member_tells_is_turned_into_the_other_sides_words() -> None:
    evidence = evidence_of([PASTED])
    assert [text for speaker, text in evidence.parts if speaker == "me"] == ["干嘛用的"]
    assert len(evidence.parts) == len(evidence.own) == 5
