"""A pack of evidence from its material: the act is drawn, the file signed. Work of the processor, not the database."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.storage.evidence_pack import PackMaterial
from uskat.supervision.evidence.act import act_fonts, draw_act
from uskat.supervision.evidence.act_words import compose_act
from uskat.supervision.evidence.pack import REGISTRY, Pack, PackContents, build_pack


def made_pack(material: PackMaterial, key: Ed25519PrivateKey, *, made_at: datetime, made_by: str) -> Pack:
    """The signed file; equal material and moment make equal bytes. Raises ContainerTooLarge."""
    regular, bold = act_fonts()
    unsealed = len(material.documents[REGISTRY]["unsealed"])
    act = compose_act(
        material.documents, made_at=made_at, made_by=made_by, sketch=material.sketch, unsealed=unsealed,
        raw=len(material.raw),
    )  # fmt: skip
    subject = {"alert": material.alert.id, "station": material.alert.station, "kind": material.alert.kind}
    contents = PackContents(
        subject, made_at, made_by, material.documents, material.raw, material.days,
        draw_act(act, font=regular, bold=bold),
    )  # fmt: skip
    return build_pack(contents, key)
