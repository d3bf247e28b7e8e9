"""What a prompt is: data with an id and a version, written over clauses that are data too."""

from typing import Literal, TypeVar

import msgspec
import yaml

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.errors import InvalidSettings

HARMS = TEXT_CATEGORIES[1:]
"""What a clause may be about, in the order in which the family is written; `normal` is what none of them covers."""


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of the house that a message can break.

    Attributes:
        id: `<category>.<number>`; never used again for another rule.
        zh, en: the rule in one sentence.
    """

    id: str
    category: str
    zh: str
    en: str


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message with the answer that is right for it, shown before the question."""

    text: str
    answer: dict[str, str | float]


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to ask.

    Attributes:
        id, version: together they name what was asked in every decision; raise the version with every change.
        language: the language of the clauses.
        system: the instructions; `{clauses}` is where the clauses stand.
        before, after: the lines around the data; `{mark}` is the mark of this call.
    """

    id: str
    version: int
    language: Literal["zh", "en"]
    system: str
    before: str
    after: str
    examples: tuple[Example, ...] = ()


class Rulebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clauses of one version."""

    version: int
    clauses: tuple[Clause, ...]

    def by_id(self) -> dict[str, Clause]:
        """Each clause under its id."""
        return {clause.id: clause for clause in self.clauses}

    def listed(self, language: str) -> str:
        """One line a clause, for a prompt."""
        return "\n".join(f"- {clause.id}: {getattr(clause, language)}" for clause in self.clauses)

    def of(self, category: str) -> tuple[Clause, ...]:
        """The clauses of one category."""
        return tuple(clause for clause in self.clauses if clause.category == category)


def read_rulebook(text: str, where: str) -> Rulebook:
    """The clauses in a YAML file.

    Raises:
        InvalidSettings: not of the form, an unknown category, or an id used twice.
    """
    book = _decode(text, where, Rulebook)
    ids = [clause.id for clause in book.clauses]
    strange = [clause.id for clause in book.clauses if clause.category not in HARMS]
    if len(set(ids)) < len(ids) or strange:
        raise InvalidSettings(f"{where}: every clause needs an id of its own and a category of {', '.join(HARMS)}")
    return book


def read_prompt(text: str, where: str) -> Prompt:
    """The prompt in a YAML file.

    Raises:
        InvalidSettings: not of the form, or a placeholder is missing.
    """
    prompt = _decode(text, where, Prompt)
    if "{clauses}" not in prompt.system or "{mark}" not in prompt.before or "{mark}" not in prompt.after:
        raise InvalidSettings(f"{where}: `system` needs {{clauses}}, `before` and `after` need {{mark}}")
    return prompt


Form = TypeVar("Form", Prompt, Rulebook)


def _decode(text: str, where: str, form: type[Form]) -> Form:
    try:
        return msgspec.convert(yaml.safe_load(text), form)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error
