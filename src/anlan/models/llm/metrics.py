"""What asking costs and what comes of it, as metrics; labels come from closed sets, never from what was answered."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models.llm.breaker import State

_BREAKER: dict[State, float] = {"closed": 0.0, "half_open": 0.5, "open": 1.0}


class LlmMetrics:
    """Every metric of one judge, in a registry of its own that another one may include."""

    def __init__(self, read_breaker: Callable[[], State]) -> None:
        self.registry = registry = CollectorRegistry()
        self.asks = Counter("anlan_llm_asks", "Questions, by what came of them", ["outcome"], registry=registry)
        self.calls = Counter("anlan_llm_calls", "HTTP calls to the endpoint, tries again included", registry=registry)
        self.tokens = Counter("anlan_llm_tokens", "Tokens read (in) or written (out)", ["direction"], registry=registry)
        self.cost = Counter("anlan_llm_cost", "Money, by the prices in the settings", registry=registry)
        self.seconds = Histogram(
            "anlan_llm_seconds", "From question to answer, waiting and tries again included",
            buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 25), registry=registry,
        )
        self.agreement = Counter(
            "anlan_llm_agreement", "Answers, by the model's category and the text heads'", ["llm", "heads"],
            registry=registry,
        )
        self.breaker = Gauge("anlan_llm_breaker", "0 closed, 0.5 half-open, 1 open", registry=registry)
        self.breaker.set_function(lambda: _BREAKER[read_breaker()])

    def note_agreement(self, llm: str | None, heads: str | None) -> None:
        """Count one answer against what the heads said."""
        self.agreement.labels(llm or "other", heads if heads in TEXT_CATEGORIES else "unknown").inc()
