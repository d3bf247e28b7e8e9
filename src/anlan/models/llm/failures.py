"""Why the model has no answer to a question; a decision names the class, the metrics the reason."""

from anlan.errors import Unavailable


class LlmFailure(Unavailable):
    """The question stays unanswered, so every signal that needs the answer is unknown.

    Attributes:
        reason: one of a closed set of words, for metrics.
    """

    code = "llm_failure"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NoAnswer(LlmFailure):
    """The endpoint is not reachable, too slow, or answers with an error."""

    code = "llm_no_answer"


class CircuitOpen(LlmFailure):
    """The endpoint failed several times in a row and is left alone for a while."""

    code = "llm_circuit_open"

    def __init__(self) -> None:
        super().__init__("circuit_open", "the endpoint failed several times in a row; it is asked again in a while")


class BudgetSpent(LlmFailure):
    """The calls or tokens of the last hour used up what the operator allows."""

    code = "llm_budget_spent"

    def __init__(self, what: str) -> None:
        setting = f"ANLAN_LLM_BUDGET_{what.upper()}_PER_H"
        super().__init__(f"budget_{what}", f"the hourly budget of {what} is spent; {setting} raises it")


class VoidAnswer(LlmFailure):
    """The model answered, but not in a way that may count: not of the form asked for, or without its evidence."""

    code = "llm_void_answer"
