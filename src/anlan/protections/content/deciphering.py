"""Decides what a text says without its disguise: folded, its sure guesses put in, its particulars masked.

Every look at a text begins here; lexicon, models and signals come after.
"""

from functools import lru_cache
from typing import NamedTuple

from anlan.protections.content.extraction import Contacts, extract
from anlan.protections.content.folding import Folded, fold
from anlan.protections.content.forms import Form
from anlan.protections.content.restoring import Restoration, built_in_restorer, deep_edits

REMEMBERED = 128
"""Texts kept deciphered: more than are looked at ahead together, so that what was prepared is still there."""


class Deciphered(NamedTuple):
    """A text as it was meant.

    Attributes:
        contacts: of every form, guessed ones included; `masked` is of the tight one.
        restorations: what may hide in the tight form.
        words: what the model reads: the tight form with those restorations that are sure, masked.
    """

    folded: Folded
    contacts: Contacts
    restorations: tuple[Restoration, ...]
    words: str


@lru_cache(maxsize=REMEMBERED)
def decipher(text: str) -> Deciphered:
    """`text` as it was meant; most of what a first look at a text costs, some 50 µs for a short clean one."""
    folded = fold(text)
    contacts = extract(folded.plain)
    if folded.tight != folded.plain:
        contacts = _join(contacts, extract(folded.tight))
    restorations = built_in_restorer().restore(folded.tight)
    if not restorations:
        return Deciphered(folded, contacts, (), contacts.masked)
    meant = extract(Form.of(folded.tight).edited(deep_edits(restorations)).text)
    return Deciphered(folded, _join(contacts, meant._replace(masked=contacts.masked)), restorations, meant.masked)


def _join(first: Contacts, second: Contacts) -> Contacts:
    handles = dict.fromkeys((*first.handles, *second.handles))
    return Contacts(tuple(handles), first.domains or second.domains, second.masked)
