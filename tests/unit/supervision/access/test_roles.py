"""Who may be what, whom an admin manages, and which passwords nobody should have."""

from datetime import timedelta

import pytest

from uskat.supervision.access.password import LoginError, PasswordError, check_password, checked_login
from uskat.supervision.access.policy import access_policy
from uskat.supervision.access.roles import AccountRole, RolesError, check_roles, may_manage, needs_second_factor


def test_an_agency_and_an_enterprise_give_their_own_roles_only() -> None:
    assert check_roles("agency", ["inspector", "admin"]) == {AccountRole.INSPECTOR, AccountRole.ADMIN}
    assert check_roles("enterprise", ["enterprise"]) == {AccountRole.ENTERPRISE}
    for kind, names, words in (
        ("enterprise", ["admin"], "gives no role admin"),
        ("agency", ["enterprise"], "gives no role enterprise"),
        ("laboratory", ["inspector"], "gives no role"),
        ("agency", [], "at least one"),
        ("agency", ["operate"], "unknown roles: operate"),
    ):
        with pytest.raises(RolesError, match=words):
            check_roles(kind, names)


def test_people_of_an_agency_need_a_second_factor() -> None:
    assert all(needs_second_factor([role]) for role in ("inspector", "metrologist", "admin"))
    assert not needs_second_factor(["enterprise"])


def test_an_admin_manages_the_own_agency_and_the_enterprises_of_its_territories() -> None:
    north = frozenset({"north"})
    assert may_manage(admin_of="a", territories=north, organisation="a", lies_in=frozenset())
    assert may_manage(admin_of="a", territories=north, organisation="pit", lies_in=frozenset({"north", "south"}))
    assert not may_manage(admin_of="a", territories=north, organisation="pit", lies_in=frozenset({"south"}))
    assert not may_manage(admin_of="a", territories=north, organisation="b", lies_in=frozenset())


def test_a_session_lasts_as_the_strictest_role_allows() -> None:
    policy = access_policy()
    assert policy.session_of(["inspector", "admin"]) == policy.session_of(["admin"]) < policy.session_of(["inspector"])
    assert policy.access_token <= timedelta(minutes=15)


@pytest.mark.parametrize("login", ["ab", "a" * 41, "a b", "иванов", "-ab", "ab-", "a\x00b", ""])
def test_what_is_no_login_is_refused(login: str) -> None:
    with pytest.raises(LoginError):
        checked_login(login)


def test_a_login_has_one_form() -> None:
    assert checked_login(" Petrova.A ") == "petrova.a"


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "12 to 200"), ("x" * 201, "12 to 200"), ("aaaaaaaaaaaab", "different"), ("my-petrova-2026", "login"),
     ("long enough \x00", "text")],
)  # fmt: skip
def test_a_password_nobody_should_have_is_refused_without_repeating_it(password: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words) as caught:
        check_password(password, login="petrova", policy=access_policy())
    assert password not in str(caught.value)


def test_a_phrase_of_every_length_between_the_limits_is_a_password() -> None:
    policy, refused = access_policy(), []
    for length in range(1, policy.password_longest + 2):
        try:
            check_password(("зелёный мост над рекой, " * 9)[:length], login="petrova", policy=policy)
        except PasswordError:
            refused.append(length)
    assert refused == [*range(1, 12), 201]
