"""How a name and a text are written into DuckDB's SQL, where a parameter cannot stand."""


def quoted(name: str) -> str:
    """`name` as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a string literal; DuckDB reads no escapes in it but the doubled quote."""
    return "'" + text.replace("'", "''") + "'"
