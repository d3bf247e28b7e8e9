"""Reads the scenario base: the scenarios that ship with Anlan, and an operator's own beside them or in their place."""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from anlan.domain.scenarios import STRENGTHS, Scenario, ScenarioBase, Words
from anlan.engine.yaml_text import load_yaml
from anlan.errors import InvalidSettings

LANGUAGES = {"zh", "en"}


def read_scenario(text: str, where: str) -> Scenario:
    """One scenario in YAML.

    Raises:
        InvalidSettings: naming `where` and what is missing or cannot be used.
    """
    try:
        scenario = msgspec.convert(load_yaml(text, where), Scenario)
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidSettings(f"{where}: {error}") from error
    if set(scenario.say) != set(STRENGTHS):
        raise InvalidSettings(f"{where}: say needs words for each of {', '.join(STRENGTHS)}")
    for words in _read_by_members(scenario):
        if set(words) != LANGUAGES or not all(text.strip() for text in words.values()):
            raise InvalidSettings(f"{where}: members read it in zh and in en, but there is only {words!r:.80}")
    return scenario


def _read_by_members(scenario: Scenario) -> Iterable[Words]:
    yield from (scenario.title, scenario.summary, scenario.question)
    yield from (*scenario.say.values(), *scenario.also.values())
    yield from (*scenario.do, *scenario.evidence, *scenario.honest, *scenario.asks)
    yield from (sign.says for sign in scenario.signs)
    yield from (step.title for step in scenario.stages)


def read_folder(folder: Path) -> list[Scenario]:
    """The scenarios of a folder's `*.yaml`, in order of file name.

    Raises:
        InvalidSettings: a file that cannot be read or used.
    """
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise InvalidSettings(f"scenario {path} cannot be read: {error}") from error
        found.append(read_scenario(text, path.name))
    return found


@cache
def built_in_scenarios() -> tuple[Scenario, ...]:
    """The scenarios that ship with Anlan."""
    with resources.as_file(resources.files(__package__).joinpath("scenarios")) as folder:
        return tuple(read_folder(folder))


def load_scenarios(folder: Path | None = None) -> ScenarioBase:
    """The built-in scenarios and an operator's own; one with the id of a built-in one takes its place.

    Raises:
        InvalidSettings: see `read_folder`.
    """
    own = {scenario.id: scenario for scenario in (read_folder(folder) if folder else ())}
    built_in = [own.pop(scenario.id, scenario) for scenario in built_in_scenarios()]
    return ScenarioBase([*built_in, *own.values()])
