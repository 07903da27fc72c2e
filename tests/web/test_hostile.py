"""What no request, name, cookie, disk or signal may do: a failure, a traceback, a lost answer."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from classemb_index.errors import RequestError
from classemb_index.web.access import CSRF, HEADERS, MOST_BYTES
from classemb_index.web.server import KEPT, KeptAddress, listening, serve
from tests.support.web import ORIGIN
from tests.web.conftest import CLASSES, Served

NAMES = [name for names in CLASSES.values() for name in names]
BODY = {
    "name": "fire",
    "new_name": "blaze",
    "into": "fall",
    "description": "",
    "group": "",
    "tab": "t",
    "document": "r0",
    "labels": [],
    "shown": NAMES,
    "seen": 0,
    "n": 1,
    "purpose": "training",
    "note": "=1+1",
    "replace": False,
    "kind": "probe",
    "size": 3,
    "allow_missing": False,
}
WRONG = (
    '"\\ud800"',
    "null",
    "NaN",
    "1e999",
    "-1",
    "9" * 400,
    "true",
    "{}",
    '["\\ud800"]',
    '[null, [["x"]]]',
    '"\\u0000\\u001b[31m\\r\\nSet-Cookie: a=b"',
    f'"{"x" * 20_000}"',
    '"<script>"',
)
NO_JSON = (b"", b"[", b"1", b"\xff\xfe", b"[" * 50_000, b"9" * 5_000, b'{"\\ud800": 1}')
QUERIES = (
    "",
    "%00",
    "%ED%A0%80",
    "%ff",
    "nan",
    "-1",
    "9" * 400,
    "%1b[31m%0d%0aX: y",
    "%E2%80%AE<b>",
)
JSON = {"Content-Type": "application/json"}
COOKIES = ("%00%0d%0a", "x" * 10_000, "%ED%A0%80", "%ff", "%1b%5b31m", "%20", '"', "a b")


@pytest.fixture
def told(client: TestClient) -> TestClient:
    """The client, which is told of a failure as a browser is."""
    client.get("/")  # begins the application
    return TestClient(
        client.app,
        base_url=ORIGIN,
        raise_server_exceptions=False,
        headers=client.headers,
        cookies=client.cookies,
    )


def routes(client: TestClient) -> Iterator[tuple[str, str, APIRoute]]:
    """Method, path and route of everything that the pages call."""
    app: Any = client.app
    for included in app.routes:
        for route in getattr(getattr(included, "original_router", None), "routes", [included]):
            if isinstance(route, APIRoute):
                for method in route.methods:
                    yield method, route.path.replace("{form}", "csv"), route


def fields(route: APIRoute) -> list[str]:
    """The names in the body that a route takes."""
    return [] if route.body_field is None else list(_model(route))


def _model(route: APIRoute) -> dict[str, Any]:
    assert route.body_field is not None
    found: dict[str, Any] = route.body_field.field_info.annotation.model_fields  # type: ignore[union-attr]
    return found


def complaint(answer: Any) -> str:
    """What is wrong with an answer; nothing where it is a good one, or a refusal in words."""
    if answer.status_code >= 500:
        return f"{answer.status_code}: {answer.text[:200]}"
    if any(answer.headers.get(name) != value for name, value in HEADERS.items()):
        return "not fenced in"
    if answer.status_code < 400:
        return ""
    if answer.headers["content-type"] == "application/json":
        why = answer.json()["error"]
    else:
        why = " ".join(re.findall(r"<p[^>]*>([^<]+)", answer.text))
    return "" if len(why.split()) > 4 and "\x1b" not in why else f"no clear refusal: {why!r}"


def test_the_walk_sees_every_page(client: TestClient) -> None:
    seen = {(method, path) for method, path, _ in routes(client)}
    assert {("GET", "/"), ("GET", "/find"), ("POST", "/api/answer"), ("GET", "/api/find")} <= seen
    assert len(seen) > 30


def test_only_posts_change_something_and_none_goes_without_the_csrf_token(
    client: TestClient,
) -> None:
    store, bare = client.app.state.workspace.store, {CSRF: ""}  # type: ignore[attr-defined]
    before = store.last_action()
    for method, path, route in routes(client):
        assert method in ("GET", "POST")
        if method == "POST":
            body = {name: BODY[name] for name in fields(route)}
            assert client.post(path, json=body, headers=bare).status_code == 403, path
        else:
            query = {own.alias: "r1" for own in route.dependant.query_params if own.alias == "id"}
            client.get(path, params=query)
    assert store.last_action() == before
    assert client.get("/api/jobs").json() == {"jobs": []}


def test_no_body_makes_the_server_fail(told: TestClient) -> None:
    complaints = []
    for method, path, route in routes(told):
        if method != "POST":
            continue
        good = {name: json.dumps(BODY[name]) for name in fields(route)}
        bodies = [body.decode("latin-1") for body in NO_JSON]
        for name in good:
            for wrong in WRONG:
                parts = {**good, name: wrong}.items()
                bodies.append("{" + ", ".join(f'"{key}": {value}' for key, value in parts) + "}")
        for body in bodies:
            answer = told.post(path, content=body.encode("latin-1"), headers=JSON)
            if why := complaint(answer):
                complaints.append((path, body[:100], why))
    assert complaints == []
    told.app.state.jobs.close()  # type: ignore[attr-defined]


def test_no_query_makes_the_server_fail(told: TestClient) -> None:
    complaints = []
    for method, path, route in routes(told):
        names = [own.alias for own in route.dependant.query_params]
        for name in names if method == "GET" else ():
            for value in QUERIES:
                query = "".join(f"&{other}=r1" for other in names if other == "id" != name)
                if why := complaint(told.get(f"{path}?{name}={value}{query}")):
                    complaints.append((path, name, value[:40], why))
    assert complaints == []


def test_another_method_is_refused_in_words(told: TestClient) -> None:
    for path in {path for _, path, _ in routes(told)}:
        mine = {method for method, other, _ in routes(told) if other == path}
        for method in {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST"} - mine:
            answer = told.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert method == "HEAD" or complaint(answer) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/",
        "/download/..%2f..%2flabels.csv",
        "/download/labels.exe",
        "/%ff%00",
        f"/static/{'a' * 5_000}",
    ],
)
def test_a_path_out_of_the_house_is_refused_in_words(told: TestClient, path: str) -> None:
    answer = told.get(path, follow_redirects=False)
    assert answer.status_code in (404, 422)
    assert complaint(answer) == ""


@pytest.mark.parametrize("name", COOKIES)
def test_an_odd_name_in_a_cookie_is_nobody(told: TestClient, name: str) -> None:
    access = told.app.state.access  # type: ignore[attr-defined]
    cookie = f"annotator={name}; {access.cookie}={told.cookies[access.cookie]}"
    answer = told.get("/", headers={"Cookie": cookie})
    assert (answer.status_code, complaint(answer)) == (200, "")
    if ("%" in name and "\ufffd" not in unquote(name)) or len(name) > 80:
        assert ">ada</button>" in answer.text


@pytest.mark.parametrize("other", ['prefs={"a": [1, 2]}', "x[y]=z", "a b=c d", "=", "é=1"])
def test_cookies_of_other_programs_lock_nobody_out(client: TestClient, other: str) -> None:
    access = client.app.state.access  # type: ignore[attr-defined]
    cookie = f"{other}; {access.cookie}={client.cookies[access.cookie]}"
    answer = client.get("/", headers={"Cookie": cookie.encode()})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("\x1b[31mada", "the name '\\x1b[31mada' holds control characters; leave them out"),
        (
            "a\r\nSet-Cookie: b",
            "the name 'a\\r\\nSet-Cookie: b' holds control characters; leave them out",
        ),
        ("\ud800", "the name '\\ud800' holds control characters; leave them out"),
        ("x" * 81, "a name has at most 80 characters, not 81"),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(client: TestClient, name: str, why: str) -> None:
    answer = client.post("/api/annotator", content=json.dumps({"name": name}), headers=JSON)
    assert (answer.status_code, answer.json()) == (400, {"error": why})
    assert "set-cookie" not in answer.headers


def test_a_class_of_control_characters_is_refused(client: TestClient) -> None:
    answer = client.post("/api/classes/add", json={"name": "fire\x1b[31m\x00"})
    assert answer.json() == {
        "error": "the class name 'fire\\x1b[31m\\x00' holds control characters; leave them out"
    }


def test_a_body_without_a_length_is_bounded_too(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // 50_000 + 1):
            yield b" " * 50_000

    answer = client.post("/api/undo", content=pieces(), headers=JSON)
    assert answer.status_code == 413
    assert "2,000,000" in answer.json()["error"]


def test_a_store_that_is_gone_is_told_and_not_begun_anew(client: TestClient) -> None:
    store = client.app.state.workspace.store  # type: ignore[attr-defined]
    given = {"tab": "t", "labels": ["fire"], "shown": NAMES, "seen": 0}
    assert client.post("/api/answer", json={**given, "document": "r1"}).status_code == 200
    aside = store.path.rename(store.path.with_name("aside"))
    answer = client.post("/api/answer", json={**given, "document": "r2"})
    assert answer.status_code == 503  # the page keeps the answer and sends it again
    assert answer.json() == {
        "error": f"{store.path} is gone, with the answers in it; put it or a copy back in its place"
    }
    assert client.get("/find").status_code == 503
    assert not store.path.exists()
    aside.rename(store.path)
    assert client.post("/api/answer", json={**given, "document": "r2"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/jobs"])
def test_a_disk_that_fails_and_a_fault_of_ours_are_told_in_words(
    told: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    workspace, jobs = told.app.state.workspace, told.app.state.jobs  # type: ignore[attr-defined]

    def fail(error: Exception) -> None:
        def raises(*_: object) -> None:
            raise error

        monkeypatch.setattr(jobs, "document", raises)
        monkeypatch.setattr(type(workspace), "is_practice", property(raises), raising=False)

    fail(OSError(28, "No space left on device", "labels.sqlite"))
    full = told.get(path)
    assert full.status_code == 503
    assert "labels.sqlite: No space left on device; try again once that is mended" in full.text
    fail(ZeroDivisionError("\ud800"))
    ours = told.get(path)
    assert ours.status_code == 500
    assert "the server failed: ZeroDivisionError: ?; load the page again" in ours.text
    assert {name: ours.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"host": "a..b"}, "nothing can listen on 'a..b', port 0: "),
        ({"host": "x" * 300}, f"nothing can listen on '{'x' * 300}', port 0: "),
        ({"annotator": "\udcff"}, "the name '\\udcff' holds control characters; leave them out"),
        ({"annotator": "  "}, "a name of spaces tells nobody who answered; give at least a letter"),
    ],
)
def test_a_server_that_cannot_be_says_why(reports: Path, given: dict[str, str], why: str) -> None:
    with pytest.raises(RequestError) as error:
        serve(reports, lambda _: None, **given)  # type: ignore[arg-type]
    assert str(error.value).startswith(why)


@pytest.mark.parametrize("name", ['a"; filename="x.exe', "a\r\nX-Evil: b", "../../é/<b>", "\x00"])
def test_a_file_is_named_after_a_pool_of_any_name(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    workspace = client.app.state.workspace  # type: ignore[attr-defined]
    monkeypatch.setattr(type(workspace), "name", name)
    answer = client.get("/download/labels.csv")
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    told = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename\*=utf-8''[\w.%-]+", told)
    assert unquote(told.partition("''")[2]) == f"{name}-labels.csv".replace("/", "-")


def test_every_address_means_both_families() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with listening("::", 0, KeptAddress()) as server:
        port = server.getsockname()[1]
        reached = []
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port)) as caller, server.accept()[0] as called:
                assert called.getpeername()[1] == caller.getsockname()[1]
                reached.append(caller.getpeername()[:2])
    assert reached == [("127.0.0.1", port), ("::1", port)]


def test_a_disk_that_fails_while_documents_are_chosen_is_told_on_the_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("classemb_index.web.desk.choose", full)
    while True:
        state = client.post("/api/next", json={"tab": "t"}).json()["state"]
        if not state["is_choosing"]:
            break
        time.sleep(0.01)
    assert state["why"] == "[Errno 28] No space left on device"
    assert caplog.text == ""


def test_a_folder_that_cannot_be_written_is_told_at_the_start(reports: Path) -> None:
    (reports / KEPT).unlink(missing_ok=True)
    (reports / KEPT).mkdir(parents=True)
    with pytest.raises(RequestError) as error:
        serve(reports, lambda _: None)
    assert str(error.value) == (
        f"{reports} cannot be written, so no answer could be kept: Is a directory; "
        "annotate a copy of it where you may write and there is room"
    )


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly_while_a_body_is_slow(
    served: Served, sent: signal.Signals
) -> None:
    host, _, port = served.origin.removeprefix("http://").partition(":")
    first = httpx2.get(served.address)
    cookie = first.headers["set-cookie"].partition(";")[0]
    page = httpx2.get(served.origin, headers={"Cookie": cookie}).text
    csrf = page.partition('name="csrf" content="')[2].partition('"')[0]
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(
            f"POST /api/undo HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\nX-CSRF: {csrf}\r\n"
            "Content-Length: 500\r\n\r\n{".encode()
        )
        time.sleep(0.5)
        served.process.send_signal(sent)
        said, _ = served.process.communicate(timeout=60)
    # a job in the background of a shell ignores Ctrl-C, and its children do: uvicorn's stop is all then
    is_ignored = sent == signal.SIGINT and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert served.process.returncode == (0 if is_ignored else 130)
    assert "Traceback" not in said


def test_a_closed_stdout_stops_no_server(reports: Path) -> None:
    words = [sys.executable, "-m", "classemb_index.cli", "annotate", str(reports)]
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "Ctrl-C stops the server" in process.stderr.readline()
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "")
