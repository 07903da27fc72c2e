"""The page Annotate in a browser: answers by keyboard, crashes, lost connections, two people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classemb_index import EmbeddingIndex, LabelStore, Pool, Record, open_annotated
from classemb_index.labels.annotation import answers_to
from tests.support.browsing import document_of, expect, next_after
from tests.support.places import minilm_or_skip
from tests.web.conftest import CLASSES, Served, truth

pytestmark = [pytest.mark.browser, pytest.mark.model]
KEY_OF = {"fall": "1", "fire": "2", "chemical leak": "3"}
NAMES = [name for group in CLASSES.values() for name in group]


def answer(page: Any, id_: str) -> None:
    """Answer truthfully, by keys alone."""
    names = truth(id_)
    for name in names:
        page.keyboard.press(KEY_OF[name])
    page.keyboard.press("Enter" if names else "0")


def label(page: Any, n: int) -> list[str]:
    """The ids of n documents, answered one after the other."""
    done, shown = [], document_of(page)
    for _ in range(n):
        answer(page, shown)
        done.append(shown)
        shown = next_after(page, shown)
    return done


def answers_in(folder: Path) -> dict[str, list[str]]:
    """The classes that each answered document has, as another process reads them."""
    _, annotation = open_annotated(folder)
    pool = annotation.pool
    return {pool.ids[row]: pool.known_labels(row) or [] for row in annotation.answered.nonzero()[0]}


def test_twenty_documents_by_keyboard_with_a_reload(browser_page: Any, reports: Path) -> None:
    done = label(browser_page, 12)
    shown = document_of(browser_page)
    browser_page.reload()
    assert document_of(browser_page) == shown
    done += label(browser_page, 8)
    assert len(set(done)) == 20
    assert answers_in(reports) == {id_: truth(id_) for id_ in done}
    expect(browser_page.locator("#state")).to_contain_text("20 answered today")


def test_a_killed_server_loses_nothing_and_the_page_goes_on(
    browser: Any, serve: Callable[..., Served], reports: Path
) -> None:
    first = serve(reports, "--annotator", "ada")
    page = browser.new_page()
    first.let_in(page)
    done = label(page, 5)
    first.process.kill()
    first.process.wait()
    shown = document_of(page)
    answer(page, shown)
    page.wait_for_selector("#alarm:not([hidden])")
    assert "kept in this browser" in page.inner_text("#alarm")
    assert document_of(page) == shown
    assert serve(reports, "--annotator", "ada").address == first.address
    done += [shown]
    next_after(page, shown)
    done += label(page, 3)
    assert page.is_hidden("#alarm")
    assert answers_in(reports) == {id_: truth(id_) for id_ in done}
    assert len(set(done)) == 9
    page.close()


def test_an_answer_outlasts_a_server_with_another_token(
    browser: Any, serve: Callable[..., Served], reports: Path
) -> None:
    first = serve(reports, "--annotator", "ada")
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(first.address)
    page.wait_for_url(f"{first.origin}/")
    shown = document_of(page)
    first.process.kill()
    first.process.wait()
    (reports / "cache" / "page.json").unlink()
    second = serve(reports, "--annotator", "ada", "--port", first.origin.rpartition(":")[2])
    assert second.origin == first.origin and second.address != first.address
    answer(page, shown)
    expect(page.locator("#alarm")).to_contain_text("Open the address")
    assert answers_in(reports) == {}
    page.goto(second.address)
    page.wait_for_url(f"{second.origin}/")
    assert document_of(page) != shown
    assert answers_in(reports) == {shown: truth(shown)}
    page.close()


def test_undo_gives_the_document_back_with_its_answer(browser_page: Any, reports: Path) -> None:
    first, second = label(browser_page, 2)
    browser_page.keyboard.press("Backspace")
    expect(browser_page.locator("#document-id")).to_have_text(second)
    pressed = browser_page.locator("#classes [aria-pressed=true]").all()
    assert [button.get_attribute("data-class") for button in pressed] == truth(second)
    assert answers_in(reports) == {first: truth(first)}
    for name in truth(second):
        browser_page.keyboard.press(KEY_OF[name])
    browser_page.keyboard.press("3")
    browser_page.keyboard.press("Enter")
    next_after(browser_page, second)
    assert answers_in(reports)[second] == ["chemical leak"]


def test_skip_note_and_several_classes(browser_page: Any, reports: Path) -> None:
    skipped = document_of(browser_page)
    browser_page.keyboard.press("-")
    noted = next_after(browser_page, skipped)
    browser_page.keyboard.press("/")
    browser_page.keyboard.type("Zürich, 東京 🙂 1 2 3")
    browser_page.keyboard.press("Escape")
    for key in "12":
        browser_page.keyboard.press(key)
    browser_page.keyboard.press("Enter")
    next_after(browser_page, noted)
    _, annotation = open_annotated(reports)
    assert answers_in(reports) == {noted: ["fall", "fire"]}
    assert [annotation.pool.ids[row] for row in annotation.skipped.nonzero()[0]] == [skipped]
    assert annotation.log.notes == {noted: {"ada": "Zürich, 東京 🙂 1 2 3"}}


def test_two_annotators_get_other_documents(
    browser: Any, served: Served, reports: Path, browser_page: Any
) -> None:
    context = browser.new_context()
    other = context.new_page()
    served.let_in(other)
    other.click("#who")
    other.fill("#naming-name", "böb")
    other.keyboard.press("Enter")
    expect(other.locator("#who")).to_have_text("böb")
    mine, theirs = [], []
    for _ in range(4):
        mine += label(browser_page, 2)
        theirs += label(other, 2)
    assert not set(mine) & set(theirs)
    _, annotation = open_annotated(reports)
    said = {
        who: {d for (d, _), by in annotation.said_by.items() if who in by} for who in ("ada", "böb")
    }
    assert said == {"ada": set(mine), "böb": set(theirs)}
    context.close()


def test_two_tabs_show_other_documents(browser_page: Any, served: Served, reports: Path) -> None:
    other = browser_page.context.new_page()
    other.goto(f"{served.origin}/")
    assert document_of(other) != document_of(browser_page)
    done = [*label(other, 2), *label(browser_page, 2)]
    assert len(set(done)) == 4
    assert answers_in(reports) == {id_: truth(id_) for id_ in done}


def test_a_copy_of_a_tab_shows_another_document(browser_page: Any, served: Served) -> None:
    shown = document_of(browser_page)
    name = browser_page.evaluate("sessionStorage.getItem('tab')")
    copy = browser_page.context.new_page()
    copy.add_init_script(f"sessionStorage.setItem('tab', {name!r})")
    copy.goto(f"{served.origin}/")
    assert document_of(copy) != shown
    assert document_of(browser_page) == shown


def answer_offline(page: Any, shown: str) -> None:
    """Answer while the server cannot be reached: the page says so, and stays."""
    page.context.set_offline(True)
    answer(page, shown)
    page.wait_for_selector("#alarm:not([hidden])")
    assert "kept in this browser" in page.inner_text("#alarm")
    assert document_of(page) == shown


def test_a_lost_connection_keeps_the_answer_and_says_so(
    browser: Any, served: Served, reports: Path
) -> None:
    page = browser.new_page()
    served.let_in(page)
    shown = document_of(page)
    answer_offline(page, shown)
    assert answers_in(reports) == {}
    page.context.set_offline(False)
    next_after(page, shown)
    assert page.is_hidden("#alarm")
    assert answers_in(reports) == {shown: truth(shown)}
    assert (
        sum(a.origin == "annotate" and not a.strategy for a in LabelStore(reports).actions()) == 1
    )
    page.close()


def test_tabs_that_were_closed_offline_send_their_answers_later(
    browser: Any, served: Served, reports: Path
) -> None:
    context = browser.new_context()
    pages = [context.new_page(), context.new_page()]
    for page in pages:
        served.let_in(page)
    shown = [document_of(page) for page in pages]
    for page, own in zip(pages, shown, strict=True):
        answer_offline(page, own)
    for page in pages:
        page.close(run_before_unload=False)
    context.set_offline(False)
    later = context.new_page()
    later.goto(f"{served.origin}/")
    assert document_of(later) not in shown
    assert answers_in(reports) == {own: truth(own) for own in shown}
    context.close()


def test_the_next_document_does_not_wait_for_the_server(browser_page: Any) -> None:
    shown = document_of(browser_page)
    browser_page.wait_for_load_state("networkidle")
    asked: list[str] = []

    def never(route: Any) -> None:
        asked.append(route.request.url)

    browser_page.route("**/api/next", never)
    answer(browser_page, shown)
    assert next_after(browser_page, shown) != shown
    browser_page.unroute("**/api/next")


def test_an_answer_that_came_meanwhile_is_not_overwritten_unasked(
    browser_page: Any, reports: Path
) -> None:
    shown = document_of(browser_page)
    store = LabelStore(reports)
    store.record(answers_to(shown, ["fire", "fall"], NAMES), annotator="cleo")
    browser_page.keyboard.press("3")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector("#conflict[open]")
    said = browser_page.inner_text("#conflict-why")
    assert "cleo" in said and "fire" in said and "fall" in said
    browser_page.click("#conflict button[value=keep]")
    following = next_after(browser_page, shown)
    assert answers_in(reports)[shown] == ["fall", "fire"]
    store.record(answers_to(following, [], NAMES), annotator="cleo")
    browser_page.keyboard.press("3")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector("#conflict[open]")
    browser_page.click("#conflict button[value=replace]")
    next_after(browser_page, following)
    assert answers_in(reports)[following] == ["chemical leak"]


def test_suggestions_are_hidden_until_asked_for(browser_page: Any) -> None:
    document_of(browser_page)
    counts = browser_page.locator("#classes .count")
    assert "%" not in "".join(counts.all_inner_texts())
    browser_page.click(".settings summary")
    browser_page.check("#suggesting")
    expect(counts).to_have_text([re.compile(r"^\d+ %$")] * len(NAMES))
    assert "Anchoring" in browser_page.inner_text(".settings")
    browser_page.uncheck("#suggesting")
    assert "%" not in "".join(counts.all_inner_texts())


def test_keys_can_be_turned_off(browser_page: Any) -> None:
    document_of(browser_page)
    browser_page.click(".settings summary")
    browser_page.uncheck("#keys")
    browser_page.locator("h1").click()
    browser_page.keyboard.press("1")
    assert browser_page.locator("#classes [aria-pressed=true]").count() == 0


def test_why_and_which_words(browser_page: Any) -> None:
    id_ = document_of(browser_page)
    assert re.search("“(fall|fire|chemical leak)”|least sure", browser_page.inner_text("#why"))
    browser_page.wait_for_selector("#text mark, #document-title mark")
    assert "words that speak for" in browser_page.inner_text("#words")
    assert id_ in browser_page.get_attribute("#own-page", "href")


HOSTILE = {
    "script": "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "link": "<a href=\"javascript:document.title='owned'\">fire</a>{{ 7 * 7 }}${7*7}",
    "ansi": "\x1b[31mred\x1b[0m \x07 fire \x9b31m",
    "</script><script>alert(1)</script>": "an id that is markup\nwith a title",
    "../..%2f?token=&#x2f;": "an id that is a path, ]]> and -->",
    "rtl": "שלום עולם, זו אש גדולה",
    "override": "\u202egnp.exe is a fall \u2066 isolated",
    "cjk": "工場で火災が発生しました。消防隊が呼ばれた。🙂👩‍🚒 Größe, Straße, Ñandú",
    "long": "fire " * 200_000,
    "nul": "a\u2028line\u2029paragraph \ufeff end",
}


@pytest.fixture
def hostile_page(
    browser: Any, serve: Callable[..., Served], tmp_path: Path
) -> Iterator[tuple[Any, Path]]:
    """A page over documents that attack it."""
    from classemb_index import SentenceBertEncoder

    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=64)
    records = [Record(id_, text, None, None) for id_, text in HOSTILE.items()]
    classes = ["fire", '<b onclick=alert(1)>bold & "quoted"</b>']
    EmbeddingIndex.build(
        Pool.from_records(records, name="<i>pool</i>", classes=classes),
        encoder,
        tmp_path / "hostile",
    )
    server = serve(tmp_path / "hostile", "--annotator", "<u>eve</u>")
    page = browser.new_page()
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    server.let_in(page)
    yield page, tmp_path / "hostile"
    page.close()


def test_no_text_is_ever_markup(hostile_page: tuple[Any, Path]) -> None:
    page, folder = hostile_page
    seen = []
    shown = document_of(page)
    for place in range(len(HOSTILE)):
        seen.append(shown)
        title = page.inner_text("#document-title")
        text = page.eval_on_selector("#text", "e => e.textContent")
        if page.is_visible("#unfold"):
            assert len(text) < 2_000
            page.click("#unfold")
            text = page.eval_on_selector("#text", "e => e.textContent")
        whole = HOSTILE[shown]
        assert text in (whole, whole.removeprefix(f"{title}\n"))
        assert page.locator("#desk :is(script, img, b, i, a:not(#own-page))").count() == 0
        assert page.title().startswith("Annotate · <i>pool</i>")
        page.keyboard.press("2" if place % 2 else "0")
        if place % 2:
            page.keyboard.press("Enter")
        if place < len(HOSTILE) - 1:
            shown = next_after(page, shown)
    page.wait_for_selector("#nothing:not([hidden])")
    assert sorted(seen) == sorted(HOSTILE)
    assert answers_in(folder).keys() == HOSTILE.keys()


def test_directions_of_texts_are_their_own(hostile_page: tuple[Any, Path]) -> None:
    page, _ = hostile_page
    directions = {}
    shown = document_of(page)
    for place in range(len(HOSTILE)):
        directions[shown] = page.eval_on_selector("#text", "e => getComputedStyle(e).direction")
        page.keyboard.press("0")
        if place < len(HOSTILE) - 1:
            shown = next_after(page, shown)
    assert [id_ for id_, own in directions.items() if own == "rtl"] == ["rtl"]


@pytest.fixture
def practice(serve: Callable[..., Served], tmp_path: Path) -> tuple[Served, Path]:
    """A server over a pool whose labels are all known."""
    from classemb_index import SentenceBertEncoder
    from tests.web.conftest import records

    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=64)
    known = [own._replace(labels=tuple(truth(own.id))) for own in records()]
    folder = tmp_path / "known"
    EmbeddingIndex.build(Pool.from_records(known, name="known", classes=CLASSES), encoder, folder)
    return serve(folder, "--annotator", "ada"), folder


def test_hidden_labels_answer_by_themselves_in_practice(
    browser: Any, practice: tuple[Served, Path]
) -> None:
    server, folder = practice
    page = browser.new_page()
    server.let_in(page)
    document_of(page)
    page.click("#oracle")
    expect(page.locator("#classes .count")).to_have_text(
        [re.compile(r"[2-9]$|\d\d$")] * len(NAMES), timeout=60_000
    )
    page.click("#oracle")
    assert page.get_attribute("#oracle", "aria-pressed") == "false"
    page.close()
    assert not LabelStore(folder).path.exists()
    practised = LabelStore(folder, "practice.sqlite").state()
    assert practised
    for said in practised:
        assert (said.said == "yes") == (said.class_name in truth(said.document))


def test_contrasts_in_light_and_dark() -> None:
    from importlib import resources

    css = (resources.files("classemb_index.web") / "static" / "base.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\n\s*\}", css, re.DOTALL)
    )
    grounds = ("paper", "card", "tint")
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent") for ground in grounds]
    pairs += [(n, f"{n}-tint") for n in ("yes", "no", "warn")] + [("on-accent", "accent")]
    pairs += [("on-mark", "mark")]
    for colours in (light, light | dark):
        for ink, ground in pairs:
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground, colours[ink])
        for ground in ("paper", "card"):
            assert contrast(colours["edge"], colours[ground]) >= 3  # of a control's border


def contrast(first: str, second: str) -> float:
    """The contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_csp_holds_in_the_browser(browser: Any, served: Served) -> None:
    page = browser.new_page()
    served.let_in(page)
    ran = page.evaluate(
        """() => { const made = document.createElement('script');
        made.textContent = 'window.ran = true'; document.body.append(made); return window.ran ?? false; }"""
    )
    assert ran is False
    fetched = page.evaluate(
        "fetch('http://127.0.0.1:1/').then(() => 'reached', (error) => error.name)"
    )
    assert fetched == "TypeError"
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(browser_page: Any, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})
    document_of(browser_page)
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_can_be_reached_and_is_named(browser_page: Any) -> None:
    document_of(browser_page)
    unnamed = browser_page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, textarea, select')]
        .filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length))
        .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    browser_page.focus(".skip")
    assert browser_page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = set()
    for _ in range(40):
        browser_page.keyboard.press("Tab")
        reached.add(
            browser_page.evaluate("document.activeElement.id || document.activeElement.className")
        )
    assert {"who", "own-page", "none", "skip", "undo"} <= reached
    roles = json.dumps(browser_page.locator("body").aria_snapshot())
    assert all(word in roles for word in ("navigation", "main", "heading", "status"))
