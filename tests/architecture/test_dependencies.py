"""Every dependency is used, declared and explained; what only training needs stays out of the running house."""

import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

from source_tree import ROOT, imports, modules, nodes

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

NAMED_NOT_IMPORTED = {
    "httptools": "uvicorn is told to parse HTTP with it",
    "uvloop": "uvicorn is told to run on it",
    "psycopg": "SQLAlchemy loads it for postgresql+psycopg URLs",
    "python-multipart": "Starlette reads forms with it",
    "rjieba": "segmentation loads it when it is first asked: its dictionary is large",
}

COME_WITH = {
    "starlette": "fastapi", "pydantic": "pydantic-settings", "markupsafe": "jinja2", "scipy": "scikit-learn",
}
"""Imported by us, brought and pinned by a dependency whose face they are."""

TRAINING = ("anlan.protections.content.training", "anlan.models.training")


def normal(name: str) -> str:
    """A distribution's name as indexes compare it, without extras, versions and markers."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[;<>=!~ ]", name, maxsplit=1)[0]).lower()


@cache
def imported_distributions() -> dict[str, set[str]]:
    """Distribution to the modules of ours that import it."""
    homes = packages_distributions()
    found: dict[str, set[str]] = {}
    for module in modules():
        for top in {name.split(".")[0] for name in imports(nodes(module.tree))} - sys.stdlib_module_names - {"anlan"}:
            for home in homes.get(top, [top]):
                found.setdefault(normal(home), set()).add(module.name)
    return found


DECLARED = {normal(name) for name in PROJECT["dependencies"]}
FOR_TRAINING = {normal(name) for name in PROJECT["optional-dependencies"]["train"]}


def test_every_dependency_is_used() -> None:
    unused = DECLARED - set(imported_distributions()) - set(NAMED_NOT_IMPORTED)
    assert not unused


def test_every_import_is_declared() -> None:
    found = {COME_WITH.get(name, name) for name in imported_distributions()}
    assert found <= DECLARED | FOR_TRAINING, found - DECLARED - FOR_TRAINING


def test_what_only_training_needs_is_imported_only_there() -> None:
    strangers = {
        f"{module} imports {name}"
        for name, users in imported_distributions().items() if COME_WITH.get(name, name) in FOR_TRAINING - DECLARED
        for module in users if not module.startswith(TRAINING)
    }
    assert not strangers


def test_every_dependency_is_explained() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = {normal(name) for name in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)}
    everything = DECLARED | {
        normal(name) for extra in PROJECT["optional-dependencies"].values() for name in extra
    }
    assert explained == everything, explained ^ everything


def test_locks_hold_every_dependency() -> None:
    run, dev = ((ROOT / "requirements" / f"{name}.lock").read_text("utf-8") for name in ("run", "dev"))
    locked = {which: {normal(line) for line in re.findall(r"^[\w.-]+==", text, re.M)} for which, text in
              (("run", run), ("dev", dev))}
    assert locked["run"] >= DECLARED
    assert locked["dev"] >= {normal(name) for name in PROJECT["optional-dependencies"]["dev"]}
