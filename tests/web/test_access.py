"""Whom the server lets in."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from classemb_index.web.access import CSRF, HEADERS, MOST_BYTES, Access, is_loopback
from classemb_index.web.server import application
from classemb_index.web.workspace import Workspace
from tests.support.web import ORIGIN


@pytest.fixture
def access() -> Access:
    return Access("127.0.0.1", 8000)


@pytest.fixture
def stranger(reports: Path, access: Access) -> TestClient:
    """A client without a cookie."""
    return TestClient(application(Workspace.open(reports), access), base_url=ORIGIN)


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(
    stranger: TestClient, access: Access
) -> None:
    assert stranger.get("/").status_code == 403
    first = stranger.get(access.address)
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert access.token not in cookie and access.token not in first.text
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 32])
def test_a_wrong_token_is_refused_with_what_to_do(stranger: TestClient, token: str) -> None:
    answer = stranger.get("/", params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "classemb-index annotate" in answer.text


@pytest.mark.parametrize("cookie", ["x", "", '"', "a=b; c"])
def test_a_wrong_cookie_is_refused(stranger: TestClient, access: Access, cookie: str) -> None:
    answer = stranger.get("/", headers={"Cookie": f"{access.cookie}={cookie}"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example:8000", "127.0.0.1", "127.0.0.1:9000", "192.0.2.1:8000", "", "[::1", "a b"],
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_this_machine_are_known(client: TestClient, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9000"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(client: TestClient, origin: str, method: str) -> None:
    answer = client.request(
        method, "/api/annotator", headers={"Origin": origin}, json={"name": "x"}
    )
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]


@pytest.mark.parametrize("csrf", [b"", b"x", "é".encode()])
def test_a_change_needs_the_csrf_token(client: TestClient, csrf: bytes) -> None:
    answer = client.post("/api/annotator", headers={CSRF.encode(): csrf}, json={"name": "x"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_token_in_the_address_does_not_change_anything(
    stranger: TestClient, access: Access
) -> None:
    answer = stranger.post("/api/annotator", params={"token": access.token}, json={"name": "x"})
    assert answer.status_code == 403


def test_every_answer_is_fenced_in(client: TestClient, stranger: TestClient) -> None:
    for path in ("/", "/static/base.css", "/nowhere", "/api/nowhere"):
        for one in (client, stranger):
            headers = one.get(path).headers
            assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert client.get("/").headers["cache-control"] == "no-store"


def test_a_request_that_is_too_long_is_refused(client: TestClient) -> None:
    body = b'{"name": "' + b"x" * MOST_BYTES + b'"}'
    answer = client.post("/api/annotator", content=body)
    assert answer.status_code == 413
    assert "2,000,000" in answer.json()["error"]


def test_errors_are_told_as_json_or_as_a_page(client: TestClient) -> None:
    assert client.get("/api/nowhere").json() == {
        "error": "there is nothing at '/api/nowhere'; there are the pages Annotate, Find, Classes, Progress"
    }
    missing = client.get("/nowhere")
    assert missing.status_code == 404 and "<nav" in missing.text
    nameless = client.post("/api/annotator", json={"name": "  "})
    assert nameless.status_code == 400 and "at least a letter" in nameless.json()["error"]
    unread = client.post("/api/annotator", json={"name": 3})
    assert unread.status_code == 422 and "name" in unread.json()["error"]


def test_a_name_is_kept_and_shown_as_text(client: TestClient) -> None:
    assert ">ada</button>" in client.get("/").text
    client.post("/api/annotator", json={"name": " <b>Jürgen</b> "})
    shown = client.get("/").text
    assert ">&lt;b&gt;Jürgen&lt;/b&gt;</button>" in shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.1.2.3", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.evil.example", False),
    ],
)
def test_loopback(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected


def test_a_server_for_others_knows_addresses_and_its_own_name_only() -> None:
    access = Access("0.0.0.0", 8000)
    assert not access.is_local
    assert access.knows_host("192.0.2.1:8000")
    assert not access.knows_host("evil.example:8000")
    assert "0.0.0.0" not in access.address
