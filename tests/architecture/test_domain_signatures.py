"""House style 8: public domain functions are typed, and what a reader could mix up is passed by name."""

import ast

from tests.architecture.source import FunctionNode, source_files

POSITIONAL_LIMIT = 2
"""A subject and one more read well without names (`within(value, limit)`); from the third on they get mixed up."""

EXCEPTIONS: dict[str, str] = {}
"""path::function → why it takes more positional arguments."""


def public_functions() -> list[tuple[str, FunctionNode]]:
    return [
        (f"{file.path}::{name}", function)
        for file in source_files("uskat")
        for name, function in file.functions()
        if not any(part.startswith("_") for part in name.split("."))
    ]


def positional(function: FunctionNode) -> list[ast.arg]:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return [argument for argument in arguments if argument.arg not in {"self", "cls"}]


def test_public_domain_functions_are_typed():
    untyped = [
        label
        for label, function in public_functions()
        if function.returns is None
        or any(argument.annotation is None for argument in [*positional(function), *function.args.kwonlyargs])
    ]
    assert untyped == []


def test_public_domain_functions_take_the_third_argument_by_name():
    mixed_up = {
        label: [argument.arg for argument in positional(function)]
        for label, function in public_functions()
        if len(positional(function)) > POSITIONAL_LIMIT and label not in EXCEPTIONS
    }
    assert not mixed_up, f"put a * before the third argument: {mixed_up}"


def test_public_domain_functions_say_what_they_do():
    silent = [label for label, function in public_functions() if ast.get_docstring(function) is None]
    assert silent == []


def test_the_exceptions_are_still_needed():
    sizes = {label: len(positional(function)) for label, function in public_functions()}
    assert [label for label in EXCEPTIONS if sizes.get(label, 0) <= POSITIONAL_LIMIT] == []
