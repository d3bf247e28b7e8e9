"""Who may do what, cell by cell: written out a second time, so that a slip in the table is seen."""

from anlan.domain.claim_judgements import ARBITERS_ROLE
from anlan.web.console.access import ACTS, MAY, ROLE_NOTES, ROLE_TITLES, ROLES, acts_of

MATRIX = """
                      engineer analyst reviewer senior service auditor admin
see_decisions         x        x       x        x      x       x       .
see_personal          .        x       x        x      x       .       .
see_sensitive         .        .       .        .      x       .       .
see_policies          x        x       x        x      .       x       x
write_policies        .        x       .        .      .       .       .
approve_policies      .        x       .        .      .       .       .
retire_policies       .        x       .        .      .       .       .
investigate           .        x       .        .      .       .       .
see_signals           x        x       x        x      .       x       x
write_lists           .        x       .        .      .       .       .
write_lexicon         .        x       x        x      .       .       .
approve_lexicon       .        x       .        .      .       .       .
judge_texts           .        x       x        x      .       .       .
write_models          x        x       .        .      .       .       .
approve_models        .        x       .        .      .       .       .
see_cases             .        x       x        x      x       x       .
judge_cases           .        .       x        x      .       .       .
judge_as_senior       .        .       .        x      .       .       .
write_queues          .        x       .        x      .       .       .
see_sanctions         .        x       x        x      x       x       .
order_sanctions       .        .       x        x      .       .       .
lift_sanctions        .        .       .        x      .       .       .
see_funds             .        .       .        x      x       x       .
check_funds           .        .       .        .      x       .       .
approve_funds         .        .       .        x      x       .       .
write_campaigns       .        x       .        x      .       .       .
approve_campaigns     .        x       .        x      .       .       .
see_accounts          .        x       x        x      x       .       .
contain_accounts      .        x       x        x      x       .       .
judge_recoveries      .        .       .        x      x       .       .
see_alerts            .        x       x        x      x       x       .
assist_members        .        .       .        x      x       .       .
see_figures           .        x       x        x      .       x       .
see_deliveries        x        x       .        .      .       x       .
replay_deliveries     x        .       .        .      .       .       .
write_endpoints       x        .       .        .      .       .       .
write_keys            x        .       .        .      .       .       .
see_health            x        x       .        .      .       x       x
acknowledge_notices   x        x       .        .      .       .       x
reset_fuses           .        x       .        .      .       .       .
see_audit             .        .       .        .      .       x       x
manage_staff          .        .       .        .      .       .       x
"""


def test_every_cell() -> None:
    head, *lines = MATRIX.strip().splitlines()
    roles = head.split()
    expected = {
        (act, role): cell == "x"
        for act, *cells in map(str.split, lines)
        for role, cell in zip(roles, cells, strict=True)
    }
    assert tuple(roles) == ROLES
    assert {act for act, _ in expected} == set(ACTS)
    assert {(act, role): act in MAY[role] for act in ACTS for role in ROLES} == expected


def test_roles_add_up_and_unknown_ones_give_nothing() -> None:
    assert acts_of(["engineer", "admin"]) == MAY["engineer"] | MAY["admin"]
    assert acts_of([]) == acts_of(["emperor"]) == frozenset()


def test_who_is_said_to_decide_between_two_may() -> None:
    assert [role for role in ROLES if "judge_as_senior" in MAY[role]] == [ARBITERS_ROLE]
    assert "judge_recoveries" in MAY[ARBITERS_ROLE]


def test_every_role_is_explained() -> None:
    assert set(ROLE_TITLES) == set(ROLE_NOTES) == set(ROLES) == set(MAY)
