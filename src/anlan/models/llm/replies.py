"""What came back from /v1/chat/completions, as far as we read it."""

import math
from collections.abc import Sequence

import msgspec

from anlan.models.llm.failures import VoidAnswer


class Guess(msgspec.Struct, frozen=True):
    """A token with the natural logarithm of its probability."""

    token: str
    logprob: float


class Place(msgspec.Struct, frozen=True):
    """One written token with what else might have stood there."""

    token: str
    logprob: float
    top_logprobs: list[Guess] = []


class Logprobs(msgspec.Struct, frozen=True):
    """The written tokens, in order; None when the server keeps them to itself."""

    content: list[Place] | None = None


class Message(msgspec.Struct, frozen=True):
    """What the model says; None when it says nothing (a refusal, or only reasoning)."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One continuation."""

    message: Message
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens read and written; 0 where the server does not count."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Reply(msgspec.Struct, frozen=True):
    """The whole answer of the endpoint."""

    choices: list[Choice]
    usage: Usage | None = None

    @property
    def content(self) -> str:
        """What the model wrote.

        Raises:
            VoidAnswer: nothing, or it was cut off.
        """
        if not self.choices or not self.choices[0].message.content:
            raise VoidAnswer("void_form", "the model wrote nothing")
        if self.choices[0].finish_reason == "length":
            raise VoidAnswer("void_form", "the answer was cut off at its longest length")
        return self.choices[0].message.content

    def probability(self, word: str, rivals: Sequence[str]) -> float | None:
        """How likely `word` was against `rivals` at the first token that tells them apart; None without logprobs."""
        choice = self.choices[0] if self.choices else None
        for place in (choice.logprobs.content or []) if choice and choice.logprobs else []:
            weights = dict.fromkeys((word, *rivals), 0.0)
            for guess in {one.token: one for one in (Guess(place.token, place.logprob), *place.top_logprobs)}.values():
                begun = guess.token.strip().lower()
                meant = [one for one in weights if begun and one.lower().startswith(begun)]
                if len(meant) == 1:
                    weights[meant[0]] += math.exp(min(0.0, guess.logprob))
            if (total := sum(weights.values())) > 0.0 and _tells(place.token, tuple(weights)):
                return weights[word] / total
        return None


def _tells(token: str, words: tuple[str, ...]) -> bool:
    begun = token.strip().lower()
    return bool(begun) and sum(word.lower().startswith(begun) for word in words) == 1
