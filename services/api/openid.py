"""An OpenID provider asked who somebody is: authorization code with PKCE, state and nonce (OpenID Connect Core §3.1).

What it says is believed only when the ID token is signed by a key the provider publishes over TLS, is for us, is
fresh and carries our nonce. Of the person only `sub` is used.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.api.errors import Conflict, ProviderAway, Unauthenticated
from services.settings import Settings
from services.storage.openid_store import Asked

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures only: `none` and keys shared with the provider open no door."""
LEEWAY_S = 60
TIMEOUT_S = 5.0
STRONG_METHODS = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "sc"})
"""Values of `amr` (RFC 8176) that stand for a second factor shown to the provider."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider names. strong: it says that a second factor was shown."""

    issuer: str
    subject: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider that the settings name."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_url: str

    async def address(self, state: str, asked: Asked) -> str:
        """Where the browser is sent to sign in. Raises ProviderAway."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            endpoint = (await self._discover(http))["authorization_endpoint"]
        query = {
            "response_type": "code", "scope": "openid", "client_id": self.client_id,
            "redirect_uri": self.redirect_url, "state": state, "nonce": asked.nonce,
            "code_challenge": create_s256_code_challenge(asked.verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    async def identify(self, code: str, asked: Asked, *, at: datetime) -> Person:
        """Exchange a code for the person. Raises Unauthenticated for what cannot be believed, ProviderAway."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            places = await self._discover(http)
            token = await self._exchange(http, places["token_endpoint"], code=code, verifier=asked.verifier)
            keys = await _fetched(http.get(places["jwks_uri"]))
        claims = self._claims(token, keys, nonce=asked.nonce, at=at)
        methods = claims.get("amr")
        strong = isinstance(methods, list) and not STRONG_METHODS.isdisjoint(map(str, methods))
        return Person(self.issuer, claims["sub"], strong)

    async def _discover(self, http: httpx.AsyncClient) -> dict[str, Any]:
        places = await _fetched(http.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if places.get("issuer") != self.issuer:
            raise ProviderAway("the OpenID provider calls itself by another name")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = urlsplit(str(places.get(name, "")))
            if address.scheme != "https" and address.hostname not in LOOPBACK:
                raise ProviderAway(f"the OpenID provider offers no safe {name}")
        return places

    async def _exchange(self, http: httpx.AsyncClient, endpoint: str, *, code: str, verifier: str) -> str:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_url,
                "code_verifier": verifier, "client_id": self.client_id}  # fmt: skip
        authentication = httpx.BasicAuth(self.client_id, self.client_secret) if self.client_secret else None
        try:
            answer = await http.post(endpoint, data=form, auth=authentication or httpx.USE_CLIENT_DEFAULT)
        except httpx.HTTPError as error:
            raise ProviderAway(f"the OpenID provider does not answer: {type(error).__name__}") from None
        if answer.status_code >= 500:
            raise ProviderAway("the OpenID provider does not answer")
        try:
            token = answer.json()["id_token"] if answer.is_success else None
        except (ValueError, KeyError, TypeError):
            token = None
        if not isinstance(token, str):
            raise Unauthenticated("the OpenID provider did not accept the code")
        return token

    def _claims(self, token: str, keys: dict[str, Any], *, nonce: str, at: datetime) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            now=int(at.timestamp()), leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer}, aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": nonce}, sub={"essential": True}, exp={"essential": True},
            iat={"essential": True},
        )  # fmt: skip
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unauthenticated("what the OpenID provider says cannot be believed") from None
        others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (others or "azp" in claims) and claims.get("azp") != self.client_id:
            raise Unauthenticated("what the OpenID provider says cannot be believed")
        return claims


def provider_of(settings: Settings) -> Provider:
    """The provider of the settings. Raises Conflict where there is none."""
    if settings.openid_issuer is None or settings.openid_client_id is None or settings.openid_redirect_url is None:
        raise Conflict("signing in by OpenID Connect is not set up in this installation")
    secret = settings.openid_client_secret
    return Provider(
        settings.openid_issuer, settings.openid_client_id,
        secret.get_secret_value() if secret is not None else None, settings.openid_redirect_url,
    )  # fmt: skip


async def _fetched(asked: Any) -> dict[str, Any]:
    try:
        answer = await asked
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway(f"the OpenID provider does not answer: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise ProviderAway("the OpenID provider answers something else")
    return found
