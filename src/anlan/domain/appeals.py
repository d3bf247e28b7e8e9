"""Appeals: what can become of one, until when it can be made, and what a reduced punishment looks like."""

from typing import Literal, get_args

AppealState = Literal["open", "closed", "withdrawn"]
APPEAL_STATES: tuple[AppealState, ...] = get_args(AppealState)

AppealOutcome = Literal["uphold", "reduce", "reverse"]
APPEAL_OUTCOMES: tuple[AppealOutcome, ...] = get_args(AppealOutcome)
