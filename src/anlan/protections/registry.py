"""Every protection of this installation on one screen: its signals and the files with its policies and counters.

A third party's plug-in comes through the same door: an entry point in the group `anlan.protections` that gives a
`Protection`. One that fails to load stops the start.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

from anlan.domain.signals import Signal
from anlan.engine.accumulators import Accumulator
from anlan.errors import InvalidSettings
from anlan.protections import entities
from anlan.protections.accounts import registrations
from anlan.protections.accounts import signals as accounts
from anlan.protections.accounts.after_login import AfterLogin
from anlan.protections.accounts.door import Door
from anlan.protections.accounts.registrations import Registrations
from anlan.protections.accounts.sessions import Sessions
from anlan.protections.content import copies, groups, llm, particulars
from anlan.protections.content import signals as content
from anlan.protections.dialogue import signals as dialogue
from anlan.protections.dialogue.window import Dialogues
from anlan.protections.fraud import scenario_signals
from anlan.protections.fraud import signals as fraud
from anlan.protections.fraud.named_payees import NamedPayees
from anlan.protections.minors import signals as minors
from anlan.protections.minors.approaches import Approaches

HERE = Path(__file__).parent
COUNTERS_FILE = HERE / "counters.yaml"
"""Counters are shared: one declaration serves every protection that asks for it."""


class Protection(NamedTuple):
    """What one folder brings.

    Attributes:
        signals: in Python.
        policies: in YAML; None for none.
        accumulators: what its signals keep across events, made anew for each installation; takes the number of keys to
            remember at most.
    """

    name: str
    signals: tuple[Signal, ...]
    policies: Path | None = None
    accumulators: tuple[Callable[[int], Accumulator], ...] = ()


BUILT_IN: tuple[Protection, ...] = (
    Protection("entities", entities.SIGNALS),
    Protection("content", (*content.SIGNALS, *particulars.SIGNALS, *copies.SIGNALS, *groups.SIGNALS, *llm.SIGNALS),
               HERE / "content" / "policies.yaml"),
    Protection("accounts", (*accounts.SIGNALS, *registrations.SIGNALS), HERE / "accounts" / "policies.yaml",
               (Door, Registrations)),
    Protection("takeover", (), HERE / "accounts" / "takeover.yaml", (Sessions, AfterLogin)),
    Protection("fraud", (*fraud.SIGNALS, *scenario_signals.SIGNALS), HERE / "fraud" / "policies.yaml",
               (NamedPayees,)),
    Protection("transfers", (), HERE / "fraud" / "transfers.yaml"),
    Protection("dialogue", dialogue.SIGNALS, HERE / "dialogue" / "policies.yaml", (Dialogues,)),
    Protection("care", minors.SIGNALS, HERE / "minors" / "policies.yaml", (Approaches,)),
    Protection("traffic", (), HERE / "traffic" / "policies.yaml"),
)


def installed_protections() -> tuple[Protection, ...]:
    """The built-in ones and every plug-in.

    Raises:
        InvalidSettings: a plug-in that does not load or is not a `Protection`.
    """
    found = list(BUILT_IN)
    for entry in entry_points(group="anlan.protections"):
        try:
            made = entry.load()
        except Exception as error:
            raise InvalidSettings(f"plug-in {entry.name} does not load: {error}; fix or uninstall it") from error
        if not isinstance(made, Protection):
            raise InvalidSettings(f"plug-in {entry.name} gives {type(made).__name__}; it must give a Protection")
        found.append(made)
    return tuple(found)


