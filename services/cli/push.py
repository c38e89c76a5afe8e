"""`uskat admin push-key`: the key by which push services know this installation (RFC 8292)."""

from pathlib import Path
from typing import Annotated

import typer


def push_key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; never written over")],
) -> None:
    """Make the P-256 key of web push; prints its public half for USKAT_PUSH_PUBLIC_KEY."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from uskat.supervision.notice.push import public_text

    key = ec.generate_private_key(ec.SECP256R1())
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        typer.echo(f"{file} is there already: a key is never written over", err=True)
        raise typer.Exit(2) from None
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    typer.echo(public_text(key.public_key()))
    typer.echo("a new key ends every subscription made with the old one", err=True)
