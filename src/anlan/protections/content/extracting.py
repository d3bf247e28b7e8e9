"""Decides what is taken out of a text as written: handles, addresses, money, cards, codes; hides the personal.

Spans are of the text as written, however it was spelt: `extract` reads folded and guessed forms, whose maps lead back.
"""

import re
from bisect import bisect_left

from anlan.protections.content.amounts import find_amounts
from anlan.protections.content.extraction import extract
from anlan.protections.content.extracts import PERSONAL_KINDS, Extract
from anlan.protections.content.identity_numbers import find_identity_numbers
from anlan.protections.content.payments import find_invitations, find_payments
from anlan.protections.content.tracing import FormName, Traced, trace

_COULD_HOLD = re.compile(r"[0-9a-z¥￥$€£元块万]", re.I)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_IS_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_KEPT = {"identity_number": (3, 2), "bank_card": (4, 4), "phone": (3, 4)}
_FORMS: tuple[FormName, ...] = ("plain", "tight", "deep")


def find_particulars(text: str) -> tuple[Extract, ...]:
    """Payment codes, invitation codes, identity numbers, bank cards and amounts in `text` as written, by place."""
    if not _COULD_HOLD.search(text):
        return ()
    narrow = text.translate(_WIDE) if _IS_WIDE.search(text) else text
    found = [*find_identity_numbers(narrow), *find_payments(narrow), *find_invitations(narrow)]
    lowered = narrow.lower()
    if len(lowered) == len(narrow):
        found += find_amounts(lowered)
    return tuple(sorted(found, key=lambda one: one.start)) if found else ()


def extract_all(text: str, traced: Traced | None = None) -> tuple[Extract, ...]:
    """Everything, contact handles and addresses included, each place once; spans of the text as written, in order.

    Args:
        traced: the text's trace if there is one already.
    """
    traced = traced or trace(text)
    found = list(find_particulars(text))
    for form in _FORMS:
        reading = traced.forms[form].text
        found += (_located(one, form, traced) for one in extract(reading).places)
        if form == "deep" and reading != traced.tight:
            found += (_located(one, form, traced) for one in find_identity_numbers(reading))
    return tuple(_apart(found))


def _located(one: Extract, form: FormName, traced: Traced) -> Extract:
    start, end = traced.span(form, one.start, one.end)
    return one._replace(start=start, end=end)


def _apart(found: list[Extract]) -> list[Extract]:
    """Without what shares its place with an earlier find, in order of place."""
    kept: list[Extract] = []
    for one in found:
        at = bisect_left(kept, one.start, key=lambda other: other.start)
        follows = at == 0 or kept[at - 1].end <= one.start
        if follows and (at == len(kept) or kept[at].start >= one.end):
            kept.insert(at, one)
    return kept


def mask(text: str) -> str:
    """`text` with identity numbers, bank cards, phone numbers and e-mail addresses starred out but for their ends."""
    pieces: list[str] = []
    after = 0
    for one in extract_all(text):
        if one.kind in PERSONAL_KINDS and one.start >= after:
            pieces += (text[after : one.start], _starred(one.kind, text[one.start : one.end]))
            after = one.end
    return "".join([*pieces, text[after:]])


def _starred(kind: str, written: str) -> str:
    if kind == "email":
        name, _, host = written.rpartition("@")
        return f"{name[:1]}***@{host}"
    head, tail = _KEPT[kind]
    return written[:head] + "*" * (len(written) - head - tail) + written[len(written) - tail :]
