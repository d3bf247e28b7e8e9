"""A condition as a boolean expression of a column engine: DuckDB over the journal, Spark when one machine is too small.

Both are printed from the checked tree, never from what somebody typed. Columns are named as the signals are;
numbers may be of any numeric type that a double holds exactly, text is UTF-8, unknown is NULL.
"""

import sys

from anlan.engine.condition_text import PlainSql
from anlan.engine.condition_tree import Arithmetic, Call, Condition, Literal, Match, Name, Term

MAX_DOUBLE = sys.float_info.max
BACKSLASH = "\\"


def duckdb_sql(condition: Condition) -> str:
    """A DuckDB boolean expression over columns named as the signals."""
    return _DuckDB().claim(condition.tree)


def spark_sql(condition: Condition) -> str:
    """A Spark SQL (3.5 or newer) boolean expression over columns named as the signals.

    Spark's regular expressions are Java's. They agree with RE2 on the common ground; these differ: `$` also matches
    before a closing line break, named groups are `(?<name>...)`, `(?U)` means Unicode classes, `[[:alpha:]]` is
    unknown, and nothing bounds the time of a match. A condition that uses these has to be reworded for Spark.
    """
    return _Spark().claim(condition.tree)


class _Columns(PlainSql):
    """What both engines share: everything is quoted, calculations are in doubles and finite or NULL."""

    lambda_sql = ""

    def arithmetic(self, node: Arithmetic) -> str:
        calculation = self.calculation(node.operator, self._double(node.left), self._double(node.right))
        if isinstance(node.left, Name | Literal) and isinstance(node.right, Name | Literal):
            return f"CASE WHEN abs({calculation}) <= {self.number(MAX_DOUBLE)} THEN {calculation} END"
        # A calculation of calculations is written once, inside a lambda: repeated, it would double at each level.
        return self.lambda_sql.format(calculation=calculation, largest=self.number(MAX_DOUBLE))

    def calculation(self, operator: str, left: str, right: str) -> str:
        """The calculation before it is checked to be finite."""
        return f"({left} {operator} {right})"

    def _double(self, node: Term) -> str:
        text = self.term(node)
        return text if isinstance(node, Literal) else f"CAST({text} AS DOUBLE)"


class _DuckDB(_Columns):
    lambda_sql = "list_transform([{calculation}], lambda v: CASE WHEN abs(v) <= {largest} THEN v END)[1]"

    def name(self, signal: str) -> str:
        return '"' + signal.replace('"', '""') + '"'

    def number(self, value: float) -> str:
        """With an exponent, because DuckDB reads a bare 0.1 as a decimal."""
        digits = repr(float(value))
        return digits if "e" in digits else digits + "e0"


class _Spark(_Columns):
    lambda_sql = "transform(array({calculation}), v -> CASE WHEN abs(v) <= {largest} THEN v END)[0]"

    def name(self, signal: str) -> str:
        return "`" + signal.replace("`", "``") + "`"

    def text(self, value: str) -> str:
        """Spark reads backslash escapes in literals."""
        return "'" + value.replace(BACKSLASH, BACKSLASH * 2).replace("'", "\\'") + "'"

    def number(self, value: float) -> str:
        return f"{float(value)!r}D".replace("e", "E")

    def calculation(self, operator: str, left: str, right: str) -> str:
        """`/` by zero is an error in ANSI mode, Spark 4's default."""
        return f"try_divide({left}, {right})" if operator == "/" else super().calculation(operator, left, right)

    def call(self, node: Call) -> str:
        """`length` of text that ends in blanks differs by type; `char_length` counts code points."""
        text = super().call(node)
        return text.replace("length(", "char_length(", 1) if node.function == "length" else text

    def match(self, node: Match) -> str:
        term = self.term(node.term)
        if node.kind == "like":
            # Spark's LIKE escapes with a backslash; ours has no escape, so a backslash must stand for itself.
            escape = f" ESCAPE {self.text(BACKSLASH)}" if BACKSLASH in node.pattern else ""
            return f"{term} LIKE {self.text(node.pattern.replace(BACKSLASH, BACKSLASH * 2))}{escape}"
        function = {"starts_with": "startswith", "ends_with": "endswith", "regexp_matches": "regexp_like"}
        return f"{function.get(node.kind, node.kind)}({term}, {self.text(node.pattern)})"
