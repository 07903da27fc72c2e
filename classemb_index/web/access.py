"""Who may talk to the server: token, cookie, CSRF token, Host, Origin, and headers that fence a page in."""

from __future__ import annotations

import hashlib
import hmac
import html
import ipaddress
import secrets
import socket
from asyncio import CancelledError
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
CSRF = "x-csrf"  # header
MOST_BYTES = 2_000_000  # of a request
TOO_LONG = f"A request may hold {MOST_BYTES:,} bytes; nothing was done. Send less at a time."
STOPPED = "The server was stopped; start it again with “classemb-index annotate”."
SAFE = ("GET", "HEAD")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # a page's Origin would else be null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Access:
    """What a server lets in: whoever has its token.

    The address that is printed holds the token; the first call with it gets a cookie (HttpOnly,
    SameSite=Strict), and the token stands in no address after that. Cookie and CSRF token are keyed
    hashes of the token.

    Args:
        host: that the server listens on.
        port: of the server.
        token: None makes one of 192 random bits.
    """

    def __init__(self, host: str = LOOPBACK, port: int = 0, token: str | None = None) -> None:
        self.host, self.port = host, port
        self.token = token or secrets.token_urlsafe(24)
        self.cookie = f"classemb-{port}"  # a browser keeps one jar for all ports
        self.csrf = self._key("csrf")
        self.session = self._key("session")  # value of the cookie

    @property
    def address(self) -> str:
        """The one URL to open."""
        name = _reachable(self.host)
        shown = f"[{name}]" if ":" in name else name
        return f"http://{shown}:{self.port}/?{urlencode({'token': self.token})}"

    @property
    def is_local(self) -> bool:
        """Whether no other machine can reach the server."""
        return is_loopback(self.host)

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def is_in(self, headers: Headers) -> bool:
        """Whether the request has the cookie."""
        # other programs on this machine set cookies too, whatever stands in them
        own = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return hmac.compare_digest(own.encode(), self.session.encode())

    def knows_host(self, host: str) -> bool:
        """Whether a Host header is of this server: a name that others can point here is not."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port:
            return False
        if is_loopback(name) or name == self.host.lower():
            return True
        return not self.is_local and (_is_address(name) or name == socket.gethostname().lower())

    def let_in(self) -> Response:
        """The first page: it sets the cookie and goes on from the server's own origin.

        A redirect would not do: where a link elsewhere was followed, a Strict cookie is not sent on it.
        """
        response = HTMLResponse(_page("Opening …", '<p><a href="/">Go on</a></p>', refresh=True))
        response.set_cookie(self.cookie, self.session, httponly=True, samesite="strict", path="/")
        return response

    def _key(self, use: str) -> str:
        return hmac.new(self.token.encode(), use.encode(), hashlib.sha256).hexdigest()


class Gate:
    """ASGI middleware: nothing behind it sees a request that `Access` does not let in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, let in, or hand on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        has_begun = False

        async def fenced(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer = self._answer(scope)
        if answer is not None:
            await answer(scope, receive, fenced)
            return
        try:
            await self._app(scope, _bounded(receive), fenced)
        except CancelledError:  # the server is stopped while the request comes or is answered
            if not has_begun:
                await _refusal(scope, 503, STOPPED)(scope, receive, fenced)

    def _answer(self, scope: Scope) -> Response | None:
        """What is answered in place of the application; None hands the request on."""
        access, headers, method = self._access, Headers(scope=scope), scope["method"]
        host = headers.get("host", "")
        if not access.knows_host(host):
            return _refusal(
                scope,
                421,
                "This server does not answer to the name that it was asked under. "
                "Open the address that “classemb-index annotate” printed.",
            )
        origin = headers.get("origin")
        if origin is not None and origin != f"{scope['scheme']}://{host}":
            return _refusal(
                scope,
                403,
                "A page of another site asked; nothing was done. Open the address that "
                "“classemb-index annotate” printed in a tab of its own.",
            )
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if token and method in SAFE and access.is_token(token):
            return access.let_in()
        if not access.is_in(headers):
            return _refusal(
                scope,
                403,
                "Open the address that “classemb-index annotate” printed: it holds a token that lets "
                "you in. After the server was started again it is another one.",
            )
        if method in SAFE:
            return None
        if not hmac.compare_digest(headers.get(CSRF, "").encode(), access.csrf.encode()):
            return _refusal(scope, 403, "The page is of an earlier server; load it again.")
        if not 0 <= _length(headers) <= MOST_BYTES:
            return _refusal(scope, 413, TOO_LONG)
        return None


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine alone."""
    if name.lower() == "localhost":
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _reachable(host: str) -> str:
    """A name to open where the server listens on every address."""
    if _is_address(host) and ipaddress.ip_address(host).is_unspecified:
        return socket.gethostname()
    return host


def _length(headers: Headers) -> int:
    try:
        return int(headers.get("content-length", "0"))
    except ValueError:
        return -1


def _bounded(receive: Receive) -> Receive:
    """The same stream; one that holds more than it may, whatever it said of its length, is refused."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise HTTPException(413, TOO_LONG)
        return message

    return counted


def _refusal(scope: Scope, status: int, why: str) -> Response:
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": why}, status)
    return HTMLResponse(_page("Not let in", f"<p>{html.escape(why)}</p>"), status)


def _page(title: str, body: str, *, refresh: bool = False) -> str:
    again = '<meta http-equiv="refresh" content="0;url=/">' if refresh else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{again}<title>{title}</title>'
        '<link rel="icon" href="data:,">'
        f"<main><h1>{title}</h1>{body}</main></html>"
    )
