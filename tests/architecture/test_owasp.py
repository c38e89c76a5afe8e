"""The checklist of docs/reference/owasp-api-top-10.md names tests that exist, for each of the ten risks."""

import ast
import re

from tests.architecture.source import ROOT

PAGE = ROOT / "docs/reference/owasp-api-top-10.md"
ROW = re.compile(r"^\| (API\d+)[^|]* \| [^|]+ \| `([^`:]+)::(\w+)` \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall(PAGE.read_text())


def test_every_line_is_read_and_none_of_the_ten_is_missing() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| API")]
    assert len(rows()) == len(lines)
    assert {risk for risk, _, _ in rows()} == {f"API{number}" for number in range(1, 11)}


def test_every_named_test_exists() -> None:
    for risk, path, name in rows():
        tree = ast.parse((ROOT / path).read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in functions, (risk, path, name)
