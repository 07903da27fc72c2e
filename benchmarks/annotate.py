"""How fast the page answers, by the size of the pool and by how many annotate at once.

    python benchmarks/annotate.py INDEX WORK

Pools of 2,400, 100,000 and 1,000,000 documents are made of the index's: each document again and
again with a little noise on its vector, none labelled. A server is started over each; a client in
another process asks as the page does: the next documents, an answer a second by each annotator
(the index's labels answer), a search by class every ten answers. Then Chromium opens the page.
Writes results/annotate.json: milliseconds from the request to the last byte of its answer. The pools stay
in the folder WORK, and are taken again where they are there.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
from common import save

from classemb_index import EmbeddingIndex, Pool, Record
from classemb_index.arrays import blocks
from classemb_index.web.access import CSRF, Access

SIZES, ANNOTATORS = (2_400, 100_000, 1_000_000), (1, 10)
NOISE = 0.2  # length of what is added to a vector of length 1
SECONDS, THINKING = 60, 1.0  # of a run; from one answer to the next
PAINTS = 5


def main() -> None:
    index = EmbeddingIndex.open(sys.argv[1], device="cpu")
    rows = []
    for n in SIZES:
        folder = Path(sys.argv[2]) / str(n)
        if not folder.exists():
            enlarged(index, n, folder)
        for annotators in ANNOTATORS:
            for answers in folder.glob("labels.sqlite*"):
                answers.unlink()
            rows.append(measured(index, folder, n, annotators))
            print(rows[-1], flush=True)
    settings = {"seconds": SECONDS, "seconds_between_answers": THINKING, "noise": NOISE}
    save("annotate", {"settings": settings, "rows": rows})


def enlarged(index: EmbeddingIndex, n: int, folder: Path) -> None:
    """Write an index of n unlabelled documents made of the index's; `ID/i` is made of ID."""
    pool, rng = index.pool, np.random.default_rng(0)
    own = np.arange(n) % len(pool)
    vectors = np.empty((n, index.manifest.dim), dtype=np.float32)
    for part in blocks(n, 100_000):
        noise = rng.standard_normal(vectors[part].shape, dtype=np.float32)
        length = NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors[part] = index.embeddings(own[part]) + length * noise

    def records() -> Iterator[Record]:
        texts = pool.texts_of(range(len(pool)))
        for i, row in enumerate(own.tolist()):
            yield Record(f"{pool.ids[row]}/{i}", texts[row], None, None)

    made = Pool.from_records(
        records(), name=f"{n} documents", classes=pool.groups or list(pool.classes)
    )
    EmbeddingIndex.build(made, index.load_encoder(), folder, embeddings=vectors)


def measured(index: EmbeddingIndex, folder: Path, n: int, annotators: int) -> dict[str, Any]:
    """One run of a server with so many annotators."""
    command = [sys.executable, "-m", "classemb_index.cli", "annotate", str(folder)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        opened = time.perf_counter() - started
        with ThreadPoolExecutor(annotators) as threads:
            people = [Person(index, address, place) for place in range(annotators)]
            seconds = defaultdict[str, list[float]](list)
            for found in threads.map(Person.work, people):
                for name, own in found.items():
                    seconds[name] += own
        memory = anonymous_memory(process.pid)
        paint = first_paint(address)
    finally:
        process.kill()
        process.wait()
    return {
        "documents": n,
        "annotators": annotators,
        "start_seconds": round(opened, 2),
        "answers": len(seconds["answer"]),
        "nothing_ready": len(seconds.pop("nothing ready", [])),
        **{name: _figures(own) for name, own in sorted(seconds.items())},
        "anonymous_mb": round(memory / 1e6),
        "first_paint_ms": paint,
    }


class Person:
    """One annotator at the page."""

    def __init__(self, index: EmbeddingIndex, address: str, place: int) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc
        access = Access("127.0.0.1", parts.port or 0, parse_qs(parts.query)["token"][0])
        self._link = http.client.HTTPConnection(self._host)
        self._index, self._place = index, place
        cookie = f"{access.cookie}={access.session}; annotator=person{place}"
        self._headers = {CSRF: access.csrf, "Origin": f"http://{self._host}", "Cookie": cookie}
        self._seconds = defaultdict[str, list[float]](list)

    def work(self) -> dict[str, list[float]]:
        """Milliseconds of every request, by its kind."""
        end, answered = time.monotonic() + SECONDS, 0
        classes = self._index.pool.classes
        while time.monotonic() < end:
            due = time.monotonic() + THINKING
            found = self._ask("next", "POST", "/api/next", {"tab": "t", "n": 4})
            if not found["documents"]:
                self._seconds["nothing ready"].append(0)
                time.sleep(0.4)
                continue
            own = found["documents"][0]
            row = self._index.pool.row_of[own["id"].rpartition("/")[0]]
            labels = self._index.pool.known_labels(row) or []
            given = {"tab": "t", "document": own["id"], "labels": labels, "seen": own["seen"]}
            self._ask("answer", "POST", "/api/answer", given | {"shown": classes})
            answered += 1
            if answered % 10 == 0:
                name = classes[(answered // 10 + self._place) % len(classes)]
                self._ask("search", "GET", f"/api/find?{urlencode({'class': name})}")
            time.sleep(max(0.0, due - time.monotonic()))
        return self._seconds

    def _ask(self, kind: str, method: str, path: str, body: object = None) -> Any:
        started = time.perf_counter()
        headers = self._headers | ({"Content-Type": "application/json"} if body else {})
        self._link.request(method, path, json.dumps(body) if body else None, headers)
        answer = self._link.getresponse()
        content = answer.read()
        self._seconds[kind].append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
        return json.loads(content)


def anonymous_memory(process: int) -> int:
    """Bytes of a process that are no file's: vectors and documents are mapped."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("Anonymous:"))
    return 1024 * int(kilobytes)


def first_paint(address: str) -> float | None:
    """Median milliseconds from navigation to the first contentful paint; None without Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(address)
        page.wait_for_url(address.partition("?")[0])
        times = []
        for _ in range(PAINTS):
            page.reload()
            page.wait_for_load_state("networkidle")
            times += page.evaluate(
                "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
            )
        browser.close()
    return round(statistics.median(times)) if times else None


def _figures(seconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    return {
        "median": round(1000 * float(np.median(seconds)), 1),
        "p99": round(1000 * float(np.percentile(seconds, 99)), 1),
    }


if __name__ == "__main__":
    main()
