"""How good a password is, for platforms: by the password itself, which is not kept, or by five digits of its digest."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.responses import Response

from anlan.center.passwords import PasswordChecked
from anlan.domain.passwords import MAX_PASSWORD_CHARS
from anlan.web.api.calls import CallerDep, HouseDep, answer, body_of
from anlan.web.api.documented import documented

router = APIRouter(tags=["accounts"])

Known = Annotated[str, Meta(max_length=254)]
Prefix = Annotated[
    str, Path(pattern="^[0-9A-Fa-f]{5}$", description="The first five digits of the password's SHA-1 digest.")
]


class PasswordQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A password to judge, and what attackers know of its owner; none of it is kept or logged."""

    password: Annotated[str, Meta(max_length=MAX_PASSWORD_CHARS)]
    nickname: Known | None = None
    phone: Known | None = None
    email: Known | None = None


def _range_documented() -> dict[str, object]:
    found = documented("accounts:write", None, problems=(404,))
    found["responses"][200]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return found


@router.post("/v1/passwords:check", **documented("accounts:write", PasswordChecked, takes=PasswordQuestion))
def check_password(caller: CallerDep, question: Annotated[PasswordQuestion, body_of(PasswordQuestion)]) -> Response:
    """Judge a password: how hard it is to guess, and whether it is among leaked ones.

    `is_breached` is `unknown` while no whole set of leaked passwords was imported: not to be in a small one says
    nothing.
    """
    known = [one for one in (question.nickname, question.phone, question.email) if one]
    response = answer(caller.house.passwords.check(question.password, known))
    response.headers["cache-control"] = "no-store"
    return response


@router.get("/v1/passwords/range/{prefix}", **_range_documented())  # type: ignore[arg-type]  # what `documented` gives
def show_range(house: HouseDep, prefix: Prefix) -> Response:
    """Leaked digests that begin so, as Have I Been Pwned answers: lines `35 digits:count`, padded with count 0."""
    return Response(house.passwords.range_of(prefix), media_type="text/plain")
