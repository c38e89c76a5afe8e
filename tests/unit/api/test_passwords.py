"""Hashes of passwords are hard to try, and nobody's password takes as long as somebody's."""

from services.api.passwords import Passwords, outdated


async def test_a_stored_hash_is_argon2id_with_64_mib_and_opens_for_its_password_only() -> None:
    passwords = Passwords()
    stored = await passwords.hash("зелёный мост над рекой")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.matches("зелёный мост над рекой", stored)
    assert not await passwords.matches("зелёный мост над рекою", stored)
    assert not outdated(stored)


async def test_without_a_hash_or_with_a_broken_one_nothing_opens() -> None:
    passwords = Passwords()
    assert not await passwords.matches("nobody has this password", None)
    assert not await passwords.matches("x", "$argon2id$broken")


async def test_a_hash_of_weaker_parameters_is_renewed() -> None:
    assert outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ")
