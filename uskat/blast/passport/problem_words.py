"""What is wrong with a passport or report, in Russian, from the errors of pydantic."""

from collections.abc import Mapping
from typing import Any

from uskat.blast.fume import RATING_PATTERN
from uskat.blast.passport.model import CODE_PATTERN

PROBLEMS_RU = {
    "missing": "не заполнено",
    "string_too_short": "не заполнено",
    "string_too_long": "длиннее {max_length} знаков",
    "greater_than": "должно быть больше {gt}",
    "greater_than_equal": "должно быть не меньше {ge}",
    "less_than": "должно быть меньше {lt}",
    "less_than_equal": "должно быть не больше {le}",
    "too_short": "нужно строк: не меньше {min_length}",
    "too_long": "нужно строк: не больше {max_length}",
    "int_from_float": "должно быть целым числом",
    "int_type": "должно быть целым числом",
    "int_parsing": "должно быть целым числом",
    "float_type": "должно быть числом",
    "float_parsing": "должно быть числом",
    "finite_number": "должно быть конечным числом",
    "string_type": "должно быть текстом",
    "bool_type": "должно быть true или false",
    "tuple_type": "должен быть список",
    "model_type": "должен быть объект",
    "model_attributes_type": "должен быть объект",
    "enum": "допустимо: {expected}",
    "literal_error": "допустимо: {expected}",
    "timezone_aware": "нужно время со смещением от UTC",
    "datetime_type": "не дата и время",
    "datetime_parsing": "не дата и время",
    "datetime_from_date_parsing": "не дата и время",
    "extra_forbidden": "такого поля нет",
    "json_invalid": "это не JSON",
    "window_backwards": "конец раньше начала",
    "block_crosses_itself": "контур блока пересекает сам себя",
    "block_without_area": "контур блока не охватывает площади",
}
PATTERNS_RU = {
    CODE_PATTERN: "нужны строчные латинские буквы, цифры, точка и дефис без пробелов, например kp-2026-061",
    RATING_PATTERN: "нужны уровень 0–5 и буква A, B или C, например 2B; без облака – 0",
}
"""Patterns of the fields in words of a person."""


def problem_words(problem: Mapping[str, Any]) -> str:
    """What is wrong, in Russian, from one of pydantic's `errors()`."""
    kind = problem["type"]
    if kind == "string_pattern_mismatch":
        pattern = str(problem.get("ctx", {}).get("pattern"))
        return PATTERNS_RU.get(pattern, f"не того вида, допустимо: {pattern}")
    return PROBLEMS_RU[kind].format(**problem.get("ctx", {})) if kind in PROBLEMS_RU else f"не принято ({kind})"
