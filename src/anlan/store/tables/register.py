"""What every table shares: the register of all of them, names of constraints, and column types of our own.

Times are DOUBLE seconds since the epoch (UTC). JSON lives in binary columns as the bytes that msgspec wrote, because
PostgreSQL text refuses NUL and we never query inside it; what is queried has a column of its own.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BIG = BigInteger().with_variant(Integer, "sqlite")
"""SQLite aliases its rowid only for INTEGER keys."""


class HexDigest(TypeDecorator[str]):
    """Hexadecimal text in Python, half as many bytes in the database: the index on it is the largest one."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        return None if value is None else value.hex()


def one_of(column: str, words: Iterable[str]) -> str:
    """A condition for constraints: the column is one of our own words."""
    return f"{column} IN ({', '.join(map(repr, words))})"
