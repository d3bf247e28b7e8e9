"""What is explained in English is explained in Chinese: same outline, same code, same values, and links both ways."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from anlan.web.api.access import SCOPES

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
ENGLISH = sorted(
    path for path in (ROOT / "README.md", ROOT / "docs" / "api.md", *(ROOT / "docs" / "how-to").glob("*.md"))
    if not path.name.endswith(".zh.md")
)
PAIRS = [pytest.param(path, path.with_suffix(".zh.md"), id=path.stem) for path in ENGLISH]
Facet = Callable[[str], object]
SAMPLE = "# One\n\n## Two\n\n```sh\nanlan serve\n```\n\nSet `ANLAN_PORT`.\n\n| a | b |\n|---|---|\n| `x` | 5 s |\n"


def outline(text: str) -> list[str]:
    """The levels of the headings, in order."""
    return re.findall(r"^#+(?= )", FENCE.sub("", text), re.MULTILINE)


def blocks(text: str) -> list[str]:
    """The fenced blocks with their fences, in order."""
    return FENCE.findall(text)


def table_values(text: str) -> list[list[str]]:
    """Row by row, what no translation may change: code and numbers."""
    rows = re.findall(r"^\|.*$", FENCE.sub("", text), re.MULTILINE)
    return [sorted(re.findall(r"`[^`]+`|\d+", row)) for row in rows]


def inline_code(text: str) -> set[str]:
    """What the prose names in backticks, line breaks aside."""
    return {" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text))}


def slugs(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(text: str) -> list[tuple[str, str]]:
    """Links to other files of the repository: path and anchor."""
    found = re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", FENCE.sub("", text))
    return [(path, anchor) for path, anchor in found if "://" not in path]


def test_the_guides_are_found() -> None:
    assert {"README", "api", "operate", "write-a-policy"} <= {path.stem for path in ENGLISH}
    chinese = {path for folder in {path.parent for path in ENGLISH} for path in folder.glob("*.zh.md")}
    assert chinese == {path.with_suffix(".zh.md") for path in ENGLISH}


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
@pytest.mark.parametrize("facet", [outline, blocks, table_values, inline_code], ids=lambda facet: facet.__name__)
def test_both_languages_say_the_same(facet: Facet, english: Path, chinese: Path) -> None:
    assert facet(chinese.read_text("utf-8")) == facet(english.read_text("utf-8"))


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_each_leads_to_the_other_at_its_top(english: Path, chinese: Path) -> None:
    for path, other in ((english, f"[中文]({chinese.name})"), (chinese, f"[English]({english.name})")):
        assert other in "\n".join(path.read_text("utf-8").splitlines()[:4])


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_links_lead_to_headings_that_exist_and_stay_in_the_language(english: Path, chinese: Path) -> None:
    for path in (english, chinese):
        for target, anchor in links(path.read_text("utf-8")):
            led_to = (path.parent / target).resolve() if target else path
            assert led_to.exists(), target
            assert not anchor or anchor in slugs(led_to.read_text("utf-8")), f"{target}#{anchor}"
            in_chinese = led_to.with_suffix(".zh.md").exists()
            assert path == english or led_to == english or not in_chinese, f"{target} is there in Chinese"


def test_the_scopes_are_said_as_the_console_says_them() -> None:
    guide = (ROOT / "docs" / "how-to" / "operate.zh.md").read_text("utf-8")
    for scope, title in SCOPES.items():
        assert f"| `{scope}` | {title['zh']} |" in guide


@pytest.mark.parametrize(
    ("facet", "before", "after"),
    [
        (outline, "## Two", "### Two"), (outline, "## Two", "Two"), (blocks, "anlan serve", "anlan  serve"),
        (blocks, "```sh", "```console"), (table_values, "5 s", "6 s"), (table_values, "| `x` | 5 s |\n", ""),
        (inline_code, "ANLAN_PORT", "ANLAN_HOST"),
    ],
)
def test_each_difference_would_be_seen(facet: Facet, before: str, after: str) -> None:
    assert facet(SAMPLE) != facet(SAMPLE.replace(before, after))


def test_links_and_anchors_are_read_as_github_reads_them() -> None:
    assert links("[a](map.md#not-yet) [b](https://x.example) [c](#here)") == [("map.md", "not-yet"), ("", "here")]
    assert slugs("# Planned, not there yet\n\n## 结论 `x`") == {"planned-not-there-yet", "结论-x"}
