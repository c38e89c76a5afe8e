"""One step of a case: a paper, who filed it, when. Steps are only ever added, never changed or taken away."""

from typing import Any

import msgspec
from msgspec import Struct

from uskat.supervision.case.paper import AnyPaper
from uskat.supervision.handling.step import MACHINE
from uskat.wire.status import AwareTime

__all__ = ["MACHINE", "CaseStep", "action_of", "case_step_of"]


class CaseStep(Struct, frozen=True, forbid_unknown_fields=True):
    """A step. at: UTC; by: login of a person, name of an enterprise's key, or MACHINE."""

    at: AwareTime
    by: str
    paper: AnyPaper

    def to_json(self) -> dict[str, Any]:
        """JSON values; what a paper leaves out is left out."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


def case_step_of(document: Any) -> CaseStep:
    """The step that `to_json` wrote. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(document, CaseStep)


def action_of(paper: AnyPaper) -> str:
    """The word in `action` that names the kind of a paper."""
    tag = paper.__struct_config__.tag
    return str(tag)
