"""What other harms ask of the reading that the content protection makes of a text, so that none imports it."""

from typing import Any, Protocol


class FoldedText(Protocol):
    """What is asked of a folded text."""

    @property
    def tight(self) -> str: ...


class FoundContacts(Protocol):
    """What is asked of the contacts in a text."""

    @property
    def handles(self) -> tuple[Any, ...]: ...
    @property
    def domains(self) -> tuple[str, ...]: ...


class ReadText(Protocol):
    """What is asked of the reading that the content protection gives."""

    @property
    def folded(self) -> FoldedText: ...
    @property
    def contacts(self) -> FoundContacts: ...
