"""The OpenAPI document: every route described, every example true to its schema, every reference resolved."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.api.access import ACCESS, EVERYBODY, FDSN
from services.api.main import create_app
from services.settings import Settings

HIDDEN = {"/", "/docs", "/docs/assets/{name}", "/openapi.json"}
PAGES = ("/complaints", "/subscription", "/restrictions", "/alerts/", "/precheck")
"""Pages and forms of residents: for people, not for programs."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is served."""
    made: dict[str, Any] = create_app(Settings()).openapi()
    return made


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, item) for path, methods in document["paths"].items() for method, item in methods.items()
    ]


def test_every_route_is_in_the_document(document: dict[str, Any]) -> None:
    described = {(method, path) for method, path, _ in operations(document)}
    assert described == {
        key for key in ACCESS if key[1] not in HIDDEN and not key[1].startswith(PAGES) and key not in FDSN
    }


def test_every_operation_has_a_summary_a_description_and_a_success_schema(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation.get("description"), (method, path)
        good = {status: answer for status, answer in operation["responses"].items() if status[0] in "23"}
        assert good, (method, path)
        described = any(media.get("schema") for one in good.values() for media in one.get("content", {}).values())
        assert described or set(good) <= {"204", "302", "303", "307"}, (method, path)


def test_what_needs_a_token_says_so(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        needs = ACCESS[method, path] != EVERYBODY
        assert bool(operation.get("security")) == needs, (method, path)
        assert "401" in operation["responses"], (method, path)  # a token that is wrong is refused everywhere


def test_every_parameter_of_the_path_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        named = {part["name"] for part in operation.get("parameters", []) if part["in"] == "path"}
        assert named == {step.strip("{}") for step in path.split("/") if step.startswith("{")}, (method, path)


def test_references_resolve_and_schemas_are_valid(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].removeprefix("#/components/schemas/") in schemas
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_examples_are_true_to_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for method, path, operation in operations(document):
        places = [answer.get("content", {}) for answer in operation["responses"].values()]
        places.append(operation.get("requestBody", {}).get("content", {}))
        for media in (media for place in places for media in place.values() if "example" in media):
            schema = media["schema"] | {"components": document["components"]}
            faults = list(Draft202012Validator(schema).iter_errors(media["example"]))
            assert not faults, (method, path, faults[0].message)
            checked += 1
    assert checked >= 10


def test_errors_are_problem_details_everywhere(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith("4") or (status == "503" and not path.startswith("/health")):
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
