"""The project's own Python files as syntax trees, for tests that read code instead of running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("uskat", "services", "simulators", "migrations")
ALL = (*PRODUCT, "tests", "benchmarks", "deploy")

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its path relative to the repository, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def functions(self) -> Iterator[tuple[str, FunctionNode]]:
        """Every function and method with its dotted name inside the file."""
        yield from _functions(self.tree, "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, type_of_function):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def source_files(*rooms: str) -> list[SourceFile]:
    """Every Python file of the named rooms (folders or single files below the root)."""
    paths = [path for room in rooms for path in _python_files(ROOT / room)]
    return [
        SourceFile(str(path.relative_to(ROOT)), text, ast.parse(text))
        for path in sorted(paths)
        for text in [path.read_text(encoding="utf-8")]
    ]


def _python_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [path for path in place.rglob("*.py") if "node_modules" not in path.parts]


def body_lines(function: FunctionNode) -> int:
    """Lines of a function without its decorators and docstring: what one must hold in the head."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return total
    docstring = function.body[0]
    return total - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)
