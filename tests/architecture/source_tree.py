"""The package as these tests see it: its modules, parsed, and what each of them imports."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


class Module(NamedTuple):
    """One source file, by its dotted name."""

    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        """The folder right below the package, or the name of a top file; the package itself is `anlan`."""
        return room_of(self.name)


def room_of(name: str) -> str:
    """`engine` for `anlan.engine.inline`."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, in order of name."""
    return tuple(sorted(_read(path) for path in SOURCE.rglob("*.py")))


def _read(path: Path) -> Module:
    text = path.read_text("utf-8")
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    return Module(name, path, ast.parse(text, str(path)), len(text.splitlines()))


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node below `tree`; looking for them takes longer than all that is asked of them."""
    return tuple(ast.walk(tree))


def imports(found: Iterable[ast.AST]) -> Iterator[str]:
    """The dotted name of everything imported by `found`, in any place; relative imports give a leading dot."""
    for node in found:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def functions(tree: ast.AST) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with its qualified name (`Writer.submit`), nested ones included."""

    def walk(node: ast.AST, path: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path + child.name, child
                yield from walk(child, f"{path}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{path}{child.name}.")
            else:
                yield from walk(child, path)

    return walk(tree, "")
