"""What an analyst is told, in English and Chinese, when a condition cannot be used."""

import msgspec

from anlan.errors import InvalidPolicy

_FUNCTIONS = "abs, coalesce, contains, ends_with, greatest, least, length, regexp_matches, starts_with"
_OPERATORS = "AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, IS TRUE, + - * /, CASE WHEN"
LANGUAGE = (f"comparisons, {_OPERATORS} and the functions {_FUNCTIONS}", f"比较、{_OPERATORS}，以及函数 {_FUNCTIONS}")
"""What can be written, in English and Chinese."""

MAX_QUOTED = 80
"""Characters of the condition that a message repeats at most."""

TAKES = {
    "one_number": ("one number", "一个数字"),
    "one_text": ("one text", "一个文本"),
    "several_numbers": ("two or more numbers", "两个或更多数字"),
    "several_values": ("two or more values of one type", "两个或更多同类型的值"),
    "text_and_text": ("a text and a fixed text", "一个文本和一段固定文字"),
    "text_and_pattern": ("a text and a fixed pattern", "一个文本和一个固定的正则表达式"),
}

TYPE_WORDS = {"number": ("a number", "数字"), "text": ("text", "文本"), "bool": ("true/false", "真假值")}

FAULTS: dict[str, tuple[str, str]] = {
    "empty": ("the condition is empty", "条件为空"),
    "too_long": (
        "the condition has {length:,} characters; the limit is {limit:,}. Put long lists of words or ids into a list",
        "条件有 {length:,} 个字符，上限为 {limit:,}。请把长串的词或编号放进名单",
    ),
    "too_deep": (
        "the condition is nested more than {limit} levels deep here; split it in two or name a part as a signal",
        "此处嵌套超过 {limit} 层；请拆成两条策略，或把其中一部分做成信号",
    ),
    "character": (
        "{character} cannot stand in a condition", "条件中不能出现 {character}",
    ),
    "full_width": (
        "{character} is a full-width or typographic character; write {instead}",
        "{character} 是全角或排版字符；请改用 {instead}",
    ),
    "unclosed_quote": ("the quote opened here is never closed", "此处的引号没有闭合"),
    "unclosed_parenthesis": ("the '(' opened here is never closed", "此处的 '(' 没有闭合"),
    "unclosed_case": ("this CASE has no END", "此处的 CASE 没有对应的 END"),
    "stray_parenthesis": ("this ')' closes nothing", "此处的 ')' 没有对应的 '('"),
    "comment": (
        (
            "comments are not allowed in a condition; write them in the YAML file with #. "
            "To subtract a negative number, write a - (-1)"
        ),
        "条件中不能写注释；请用 # 写在 YAML 文件里。减去负数请写成 a - (-1)",
    ),
    "several": (
        "only one condition is allowed; join two with AND or OR instead of ';'",
        "只能写一个条件；请用 AND 或 OR 连接，不要用 ';'",
    ),
    "symbol": (
        "{symbol} is not part of the condition language, which has " + LANGUAGE[0],
        "条件语言中没有 {symbol}；可用：" + LANGUAGE[1],
    ),
    "instead": ("{symbol} is not used in conditions; write {instead}", "条件中不用 {symbol}；请改用 {instead}"),
    "unknown_function": (
        "there is no function {name}; a condition has " + LANGUAGE[0],
        "没有函数 {name}；可用：" + LANGUAGE[1],
    ),
    "unknown_function_near": (
        "there is no function {name}; did you mean {near}?", "没有函数 {name}；是否想写 {near}？",
    ),
    "arguments": ("{name} takes {takes}", "{name} 的参数应为：{takes}"),
    "missing_after": ("something is missing after {word}", "{word} 后面缺少内容"),
    "missing_before": ("something is missing before {word}", "{word} 前面缺少内容"),
    "cast": (
        "conditions have no casts; compare the signal with a value of its own type",
        "条件中没有类型转换；请拿信号与同类型的值比较",
    ),
    "dot": (
        "a dot has no place here; signals have no dots in their names, and numbers start with a digit (0.5)",
        "此处不应有点号；信号名不带点，数字须以数字开头（0.5）",
    ),
    "aggregate": (
        "a condition looks at one event, so {symbol} has nothing to run over; declare a counter and name it here",
        "条件只看一个事件，{symbol} 无从汇总；请声明一个计数器并在此写它的名字",
    ),
    "query": (
        "a condition looks at one event and cannot query others; declare a counter or a list for that",
        "条件只看一个事件，不能查询其他数据；请为此声明计数器或名单",
    ),
    "unexpected": (
        "{word} is not expected here; join conditions with AND or OR", "此处不应出现 {word}；请用 AND 或 OR 连接条件",
    ),
    "unknown_name": (
        "there is no signal {name} here; see the signal catalogue. A text goes in single quotes: '{name}'",
        "此处没有信号 {name}；请查阅信号目录。文本要加单引号：'{name}'",
    ),
    "unknown_name_near": (
        "there is no signal {name} here; did you mean {near}?", "此处没有信号 {name}；是否想写 {near}？",
    ),
    "object_name": (
        "{name} is an intermediate reading that only other signals use; a condition needs a number, text or true/false",
        "{name} 是只供其他信号使用的中间结果；条件只能用数字、文本或真假值",
    ),
    "not_a_condition": (
        "{term} is {type}, not a condition; compare it with something, such as {example}",
        "{term} 是{type}，不是条件；请拿它作比较，例如 {example}",
    ),
    "claim_as_value": (
        (
            "{claim} is true or false, not a value to calculate or compare with; "
            "join conditions with AND or OR, or write (...) IS TRUE"
        ),
        "{claim} 的结果是真或假，不能再参与计算或比较；请用 AND 或 OR 连接，或写成 (...) IS TRUE",
    ),
    "constant": (
        "{claim} reads no signal, so it is always the same; remove it or name a signal",
        "{claim} 没有用到任何信号，结果永远不变；请删去或写上信号",
    ),
    "types_differ": (
        "{left} is {left_type} but {right} is {right_type}; both sides must be of one type",
        "{left} 是{left_type}，而 {right} 是{right_type}；两边类型必须一致",
    ),
    "number_in_quotes": (
        "{left} is a number; write {number} without quotes", "{left} 是数字；{number} 不要加引号",
    ),
    "needs_type": ("{use} needs {needed_type}, but {term} is {type}", "{use} 需要{needed_type}，而 {term} 是{type}"),
    "flag_order": (
        "{term} is true/false and has no order; write {term} or NOT {term}",
        "{term} 是真假值，没有大小之分；请写 {term} 或 NOT {term}",
    ),
    "compare_null": (
        "a comparison with NULL is always unknown; write {term} IS NULL or {term} IS NOT NULL",
        "与 NULL 比较的结果永远未知；请写 {term} IS NULL 或 {term} IS NOT NULL",
    ),
    "null": ("NULL can only stand after IS or IS NOT", "NULL 只能写在 IS 或 IS NOT 后面"),
    "is_what": ("IS takes NULL, TRUE or FALSE; to compare, write =", "IS 后面只能是 NULL、TRUE 或 FALSE；比较请用 ="),
    "is_null_claim": (
        "IS NULL asks about a signal or a value, not about a comparison; name the signal",
        "IS NULL 只能用于信号或值，不能用于比较；请写信号名",
    ),
    "literal_only": (
        "{use} takes a fixed value here, not {term}", "{use} 这里只能写固定的值，不能写 {term}",
    ),
    "in_list": ("IN takes its values in parentheses, such as IN (1, 2)", "IN 的值要写在括号里，例如 IN (1, 2)"),
    "between": ("BETWEEN takes two values, such as BETWEEN 1 AND 9", "BETWEEN 需要两个值，例如 BETWEEN 1 AND 9"),
    "chained": (
        "comparisons do not chain; write {first} AND {second}", "比较不能连写；请写 {first} AND {second}",
    ),
    "empty_list": ("IN needs at least one value in its parentheses", "IN 的括号里至少要有一个值"),
    "empty_range": ("no value lies between {low} and {high}; swap them", "没有值介于 {low} 与 {high} 之间；请对调"),
    "matches_all": (
        "this pattern matches every text; write {term} IS NOT NULL if that is meant",
        "此模式匹配任何文本；若本意如此，请写 {term} IS NOT NULL",
    ),
    "regex": (
        "the pattern cannot be used: {fault}. Patterns are RE2: no look-ahead, look-behind or back-references",
        "正则表达式不可用：{fault}。这里使用 RE2 语法，不支持前后断言和反向引用",
    ),
    "inexact_number": (
        "{number} is too large to be exact; numbers are doubles (whole numbers up to 9007199254740992)",
        "{number} 太大，无法精确表示；数字为双精度（整数最大 9007199254740992）",
    ),
    "no_result": ("{sum} has no finite result", "{sum} 没有有限的结果"),
    "simple_case": (
        "write CASE WHEN {term} = ... THEN instead of CASE {term} WHEN",
        "请写 CASE WHEN {term} = ... THEN，不要写 CASE {term} WHEN",
    ),
    "case_types": (
        (
            "all results of a CASE and all arguments of coalesce must be of one type, but {left} is {left_type} "
            "and {right} is {right_type}"
        ),
        "CASE 的各个结果以及 coalesce 的各个参数类型必须一致，而 {left} 是{left_type}，{right} 是{right_type}",
    ),
}


class Source(msgspec.Struct, frozen=True):
    """The text of a condition and where it stands (file and policy), for messages."""

    text: str
    where: str = ""

    def fault(self, reason: str, at: int, **values: object) -> InvalidPolicy:
        """The error for `reason` at offset `at` (0-based) of the text.

        Its details hold `reason`, `line` and `column` (1-based), and the message in Chinese as `zh`.
        """
        before = self.text[:at]
        line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        has_lines = "\n" in self.text.rstrip()
        where = f"{self.where}, " if self.where else ""
        english = f"{where}{f'line {line}, ' * has_lines}column {column}: {_fill(reason, 0, values)}"
        chinese = f"{where}{f'第 {line} 行' * has_lines}第 {column} 列：{_fill(reason, 1, values)}"
        return InvalidPolicy(english, reason=reason, line=line, column=column, zh=chinese)


def _fill(reason: str, language: int, values: dict[str, object]) -> str:
    words = {key: _word(key, value, language) for key, value in values.items()}
    return FAULTS[reason][language].format(**words)


def _word(key: str, value: object, language: int) -> object:
    if key.endswith("type"):
        return TYPE_WORDS[str(value)][language]
    if key == "takes":
        return TAKES[str(value)][language]
    return value[: MAX_QUOTED - 3] + "..." if isinstance(value, str) and len(value) > MAX_QUOTED else value
