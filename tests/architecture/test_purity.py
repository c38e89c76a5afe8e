"""The domain takes values and returns values: no clock, no environment; secrets and settings enter in one place."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import SourceFile, source_files

CLOCK_CALLS = {
    "now",
    "utcnow",
    "today",
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
SETTINGS = "services/settings.py"


def clock_reads(tree: ast.AST) -> Iterator[int]:
    """Line numbers of datetime.now(), date.today(), time.time() and their kin."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCK_CALLS
            and ast.unparse(node.func.value).rsplit(".", 1)[-1] in CLOCK_OWNERS
        ):
            yield node.lineno


def environment_reads(tree: ast.AST) -> Iterator[int]:
    """Line numbers of os.environ, os.getenv, and of importing them by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"}:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for name in node.names if name.name in {"environ", "environb", "getenv"})


def _places(files: list[SourceFile], find: object) -> list[str]:
    return [f"{file.path}:{line}" for file in files for line in find(file.tree)]


def test_the_domain_reads_no_clock():
    assert _places(source_files("uskat"), clock_reads) == []


def test_only_the_settings_read_the_environment():
    # Children get a copy of the environment of ours that they run in; that is passing on, not reading a setting.
    passed_on = {"services/parts"}
    files = [
        file
        for file in source_files("uskat", "services", "simulators", "migrations")
        if file.path != SETTINGS and not any(file.path.startswith(room) for room in passed_on)
    ]
    assert _places(files, environment_reads) == []


@pytest.mark.parametrize(
    "code",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "dt.datetime.now()"],
)
def test_a_planted_clock_is_seen(code):
    assert list(clock_reads(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["os.environ['A']", "os.getenv('A')", "from os import environ"])
def test_a_planted_look_into_the_environment_is_seen(code):
    assert list(environment_reads(ast.parse(code))) == [1]
