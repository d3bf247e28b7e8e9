"""Which role may do what in the console: one literal table, read by every page and tested cell by cell."""

from collections.abc import Iterable
from typing import Literal, get_args

from anlan.web.languages import mark

Role = Literal["engineer", "analyst", "reviewer", "senior", "service", "auditor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Act = Literal[
    "see_decisions",
    "see_personal",
    "see_sensitive",
    "see_policies",
    "write_policies",
    "approve_policies",
    "retire_policies",
    "investigate",
    "see_signals",
    "write_lists",
    "write_lexicon",
    "approve_lexicon",
    "judge_texts",
    "write_models",
    "approve_models",
    "see_cases",
    "judge_cases",
    "judge_as_senior",
    "write_queues",
    "see_sanctions",
    "order_sanctions",
    "lift_sanctions",
    "see_funds",
    "check_funds",
    "approve_funds",
    "write_campaigns",
    "approve_campaigns",
    "see_accounts",
    "contain_accounts",
    "judge_recoveries",
    "see_alerts",
    "assist_members",
    "see_figures",
    "see_deliveries",
    "replay_deliveries",
    "write_endpoints",
    "write_keys",
    "see_health",
    "acknowledge_notices",
    "reset_fuses",
    "see_audit",
    "manage_staff",
]
ACTS: tuple[Act, ...] = get_args(Act)

MAY: dict[Role, frozenset[Act]] = {
    "engineer": frozenset(
        {
            "see_decisions", "see_policies", "see_signals", "see_deliveries", "replay_deliveries", "write_endpoints",
            "write_keys", "write_models",
            "see_health", "acknowledge_notices",
        }
    ),
    "analyst": frozenset(
        {
            "see_decisions", "see_personal", "see_policies", "write_policies", "approve_policies", "retire_policies",
            "investigate", "see_signals", "write_lists", "write_lexicon", "approve_lexicon", "see_deliveries",
            "judge_texts", "write_models", "approve_models",
            "see_cases", "write_queues", "see_sanctions", "write_campaigns", "approve_campaigns", "see_figures",
            "see_accounts", "contain_accounts", "see_alerts", "see_health", "acknowledge_notices", "reset_fuses",
        }
    ),
    "reviewer": frozenset(
        {
            "see_decisions", "see_personal", "see_policies", "see_signals", "write_lexicon", "judge_texts",
            "see_cases", "judge_cases", "see_sanctions", "order_sanctions", "see_figures",
            "see_accounts", "contain_accounts", "see_alerts",
        }
    ),
    "senior": frozenset(
        {
            "see_decisions", "see_personal", "see_policies", "see_signals", "write_lexicon", "judge_texts",
            "see_cases", "judge_cases", "judge_as_senior", "write_queues", "see_sanctions", "order_sanctions",
            "lift_sanctions", "see_funds", "approve_funds", "write_campaigns", "approve_campaigns", "see_figures",
            "see_accounts", "contain_accounts", "judge_recoveries", "see_alerts", "assist_members",
        }
    ),
    "service": frozenset(
        {
            "see_decisions", "see_personal", "see_sensitive", "see_cases", "see_sanctions", "see_funds", "check_funds",
            "approve_funds", "see_accounts", "contain_accounts", "judge_recoveries", "see_alerts", "assist_members",
        }
    ),
    "auditor": frozenset(
        {
            "see_decisions", "see_policies", "see_signals", "see_deliveries", "see_health", "see_audit", "see_cases",
            "see_sanctions", "see_funds", "see_figures", "see_alerts",
        }
    ),
    "admin": frozenset(
        {"see_policies", "see_signals", "see_health", "acknowledge_notices", "see_audit", "manage_staff"}
    ),
}
"""An admin gives out roles but holds none of them: whoever also judges or investigates is given that role by name."""

ROLE_TITLES: dict[Role, str] = {
    "engineer": mark("Engineer"),
    "analyst": mark("Analyst"),
    "reviewer": mark("Reviewer"),
    "senior": mark("Senior reviewer"),
    "service": mark("Service"),
    "auditor": mark("Auditor"),
    "admin": mark("Administrator"),
}

ROLE_NOTES: dict[Role, str] = {
    "engineer": mark("Connects the platform and keeps Anlan running."),
    "analyst": mark("Investigates, writes policies and approves those of others."),
    "reviewer": mark("Judges cases and orders what follows from them."),
    "senior": mark("Decides where reviewers disagree, takes sanctions back and keeps the queues."),
    "service": mark("Answers members, and may see contact details; checks who gets their money or their account back."),
    "auditor": mark("Reads everything but personal data, and the audit log."),
    "admin": mark("Adds staff and gives out roles."),
}


def acts_of(roles: Iterable[str]) -> frozenset[Act]:
    """Every act that at least one of `roles` allows; a role that no longer exists allows none."""
    known = [role for role in ROLES if role in set(roles)]
    return frozenset().union(*(MAY[role] for role in known))
