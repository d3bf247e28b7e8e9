"""What keeps asking within bounds: the breaker, the budget and the cache, each by its own clock."""

import pytest

from anlan.errors import InvalidSettings
from anlan.models.llm.breaker import Breaker
from anlan.models.llm.budget import Budget
from anlan.models.llm.cache import Cache
from anlan.models.llm.endpoint import check_url
from anlan.models.llm.failures import BudgetSpent, CircuitOpen


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_rests_tries_once_and_closes() -> None:
    clock = Hands()
    breaker = Breaker(failures_allowed=2, rest_s=30, now=clock)
    for _ in range(2):
        breaker.enter()
        breaker.fail()
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen):
        breaker.enter()
    clock.now += 30
    assert breaker.state == "half_open"
    breaker.enter()
    with pytest.raises(CircuitOpen):
        breaker.enter()
    breaker.fail()
    assert breaker.state == "open"
    clock.now += 30
    breaker.enter()
    breaker.succeed()
    assert breaker.state == "closed"
    breaker.enter()
    breaker.fail()
    breaker.enter()


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker(failures_allowed=2)
    for _ in range(3):
        breaker.fail()
        breaker.succeed()
    assert breaker.state == "closed"


def test_a_trial_that_never_reports_does_not_keep_the_breaker_open() -> None:
    clock = Hands()
    breaker = Breaker(failures_allowed=1, rest_s=30, now=clock)
    breaker.fail()
    clock.now += 30
    breaker.enter()
    clock.now += 30
    breaker.enter()


def test_the_budget_is_of_the_last_hour() -> None:
    clock = Hands()
    budget = Budget(calls_per_h=2, tokens_per_h=100, now=clock)
    budget.take_call()
    budget.take_call()
    with pytest.raises(BudgetSpent) as caught:
        budget.take_call()
    assert caught.value.reason == "budget_calls"
    clock.now += 3_660
    budget.take_call()
    budget.add_tokens(100)
    with pytest.raises(BudgetSpent) as caught:
        budget.take_call()
    assert caught.value.reason == "budget_tokens"
    assert (budget.spent("calls"), budget.spent("tokens")) == (1, 100)


def test_no_budget_means_no_call() -> None:
    with pytest.raises(BudgetSpent):
        Budget(0, 100).take_call()


def test_the_cache_is_bounded_and_forgets() -> None:
    clock = Hands()
    cache: Cache[int] = Cache(max_entries=2, keep_s=60, now=clock)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    clock.now += 61
    assert cache.get("a") is None
    assert len(cache) == 1
    nothing: Cache[int] = Cache(max_entries=0, keep_s=60)
    nothing.put("a", 1)
    assert nothing.get("a") is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "https://llm.example/v1/", "http://[::1]:9/v1"])
def test_a_base_url_is_taken(url: str) -> None:
    assert check_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/v1", "http://", "http://user:pass@x/v1", "http://x/v1?key=1", "x/v1",
            "http://x:99999/v1", "http://x/v1#a"],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="ANLAN_LLM_URL") as caught:
        check_url(url)
    assert "pass" not in caught.value.message
