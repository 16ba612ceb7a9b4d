"""Who may do what: keys made on the store, roles, 401 and 403."""

import json
import re

import pytest

from blackbox import ATTACH, FR, STRUCTURED, TABLE, Service, assert_problem, network, new_event, run

ROLES = ["platform", "gateway", "care", "product", "approver", "admin"]


def made(store, role):
    result = run("keys", "create", "--role", role, "--store", store)
    assert result.returncode == 0, result.stderr
    return max(re.findall(r"[A-Za-z0-9_.\-]{20,}", result.stdout), key=len)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A service with one key of each role, and the keys."""
    service = Service(tmp_path_factory.mktemp("keys"))
    found = {role: made(service.store, role) for role in ROLES}
    service.key = found["admin"]
    service.http = service.session()
    service.start()
    service.publish()
    yield service, found
    service.kill()


def status(service, key, method, path, **options):
    headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key is not None else {})}
    session = service.session()
    session.headers.pop("Authorization", None)
    return session.request(method, service.url(path), headers=headers, timeout=30, **options)


def do(service, key, action):
    event = new_event(ATTACH, {"subscriber": {"msisdn": "+447700900090"}, "visitedNetwork": network(FR)})
    if action == "send an event":
        return status(service, key, "POST", "/v1/events", data=json.dumps(event), headers={"Content-Type": STRUCTURED})
    if action == "read a customer":
        return status(service, key, "GET", "/v1/subscribers/+447700900091")
    if action == "read evidence":
        return status(service, key, "GET", "/v1/subscribers/+447700900091/timeline")
    if action == "list questions":
        return status(service, key, "GET", "/v1/confirmations", params={"msisdn": "+447700900091"})
    if action == "upload a draft":
        return status(service, key, "POST", "/v1/tariffs/versions", data=TABLE.replace("zone:nordic", "SE").encode(),
                      headers={"Content-Type": "text/csv"})
    if action == "publish":
        return status(service, key, "POST", "/v1/tariffs/versions/4711/publish", json={})
    raise ValueError(action)


ALLOWED = {
    "send an event": {"platform", "admin"},
    "read a customer": {"care", "admin"},
    "read evidence": {"care", "admin"},
    "list questions": {"care", "admin"},
    "upload a draft": {"product", "admin"},
    "publish": {"approver", "admin"},
}
# What the contract leaves open is not asked: an approver's drafts.
ASKED = [(role, action) for action in ALLOWED for role in ROLES
         if (role, action) != ("approver", "upload a draft")]


@pytest.mark.parametrize("role, action", ASKED)
def test_a_role_may_do_its_own_work_and_nothing_else(keys, role, action):
    service, found = keys
    service.put("/v1/subscribers/+447700900091", json={"homeCountry": "GB"})
    response = do(service, found[role], action)
    if role in ALLOWED[action]:
        assert response.status_code in (200, 201, 404), response.text
    else:
        assert_problem(response, 403)


@pytest.mark.parametrize("action", ALLOWED)
@pytest.mark.parametrize("key", [None, "", "wrong", "rg_" + "0" * 43])
def test_without_a_valid_key_nothing_is_done(keys, action, key):
    service, _ = keys
    response = do(service, key, action)
    assert_problem(response, 401)
    assert "WWW-Authenticate" in response.headers


def test_a_key_is_stored_hashed_and_never_logged(keys):
    service, found = keys
    do(service, found["platform"], "send an event")
    stored = b"".join(path.read_bytes() for path in service.directory.glob("roamguard.db*"))
    for key in found.values():
        assert key.encode() not in stored
        assert key not in service.log()


def listed(store):
    """By id: role, name and whether it is in force, as the command says."""
    result = run("keys", "list", "--store", store)
    assert result.returncode == 0, result.stderr
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    return {id: (role, name, state.split(" ")[0]) for id, role, name, _, state in rows}


def test_a_revoked_key_opens_nothing_and_stays_listed(tmp_path):
    service = Service(tmp_path)
    created = run("keys", "create", "--role", "care", "--name", "desk-2", "--store", service.store)
    revoked = created.stdout.strip()
    id = re.search(r"Key (k-\S+) of role care", created.stderr)[1]
    admin = made(service.store, "admin")
    assert listed(service.store)[id] == ("care", "desk-2", "in")
    for says in ("is revoked", "was revoked already, at 20"):
        result = run("keys", "revoke", id, "--store", service.store)
        assert (result.returncode, says in result.stderr) == (0, True), result.stderr
    assert listed(service.store)[id] == ("care", "desk-2", "revoked")
    assert not any(secret in run("keys", "list", "--store", service.store).stdout for secret in (admin, revoked))
    service.key = admin
    service.http = service.session()
    service.start()
    assert_problem(do(service, revoked, "read evidence"), 401)
    assert do(service, admin, "list questions").status_code in (200, 404)
    service.kill()


def test_a_service_whose_keys_are_all_revoked_lets_nobody_in(tmp_path):
    service = Service(tmp_path)
    admin = made(service.store, "admin")
    [id] = listed(service.store)
    result = run("keys", "revoke", "--store", service.store, id)
    assert (result.returncode, "No key is in force any more" in result.stderr) == (0, True), result.stderr
    service.start()
    for key in (admin, None):
        assert_problem(do(service, key, "list questions"), 401)
    service.kill()


def test_a_key_that_is_not_there_is_not_revoked(tmp_path):
    store = f"sqlite://{tmp_path / 'x.db'}"
    made(store, "care")
    result = run("keys", "revoke", "k-none", "--store", store)
    assert (result.returncode, result.stderr) == (1, "there is no key k-none; `roamguard keys list` shows them\n")


def test_two_keys_are_never_the_same(keys):
    _, found = keys
    assert len(set(found.values())) == len(ROLES)


@pytest.mark.parametrize("role", ["emperor", ""])
def test_a_key_for_an_unknown_role_is_not_made(tmp_path, role):
    result = run("keys", "create", "--role", role, "--store", f"sqlite://{tmp_path / 'x.db'}")
    assert result.returncode != 0
    assert "role" in (result.stdout + result.stderr).lower()


def test_commands_take_a_key(keys):
    service, found = keys
    assert run("tariffs", "list", "--url", service.url(""), "--key", found["product"]).returncode == 0
    assert run("tariffs", "list", "--url", service.url(""), "--key", "wrong").returncode != 0
