"""Find and a document's page in a browser: searched, labelled in place, and with texts that mean harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from classemb_index import Answer, EmbeddingIndex, LabelStore, Pool, Record, SentenceBertEncoder
from classemb_index.labels.classes import ClassChange
from tests.support.places import minilm_or_skip
from tests.web.conftest import CLASSES, Served

pytestmark = pytest.mark.browser

NAMES = [name for names in CLASSES.values() for name in names]
HOSTILE = {
    "script": "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">",
    "ansi": "\x1b[31mred\x1b[0m \x07 fire \x00 in the hall",
    "override": "\u202egnahc siht does not turn the page\u202c fire",
    "long": "fire " + "x" * 1_000_000,
    "<b>&'\"/?#%": "Größe 漢字 👩‍🔬 مرحبا fire",
}


def titles(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#found h3").all_inner_texts()]


def searched(page: Any, address: str) -> Any:
    """The page of a search, once its documents are there."""
    page.goto(address)
    page.wait_for_selector("#found[aria-busy=true]", state="detached")
    page.wait_for_selector("#found article")
    return page


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """An index of documents whose texts and ids mean harm."""
    records = [Record(id_, text, None, None) for id_, text in HOSTILE.items()]
    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=64)
    pool = Pool.from_records(records, name="<i>hostile</i>", classes=["<u>fire</u>", "fire"])
    EmbeddingIndex.build(pool, encoder, tmp_path / "hostile")
    return tmp_path / "hostile"


def test_a_search_stands_in_the_address_and_back_goes_back(
    browser_page: Any, served: Served
) -> None:
    page = searched(browser_page, f"{served.origin}/find?class=fire")
    page.wait_for_selector("#found mark")
    assert page.inner_text("#heading") == "For fire, not answered yet: 60"
    by_class = titles(page)
    page.get_by_label("Words").fill("oil on the ground")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?class=fire&text=oil+on+the+ground")
    heading = page.get_by_role("heading", name="Most like “oil on the ground”")
    heading.wait_for()
    assert titles(page) != by_class
    page.go_back()
    page.get_by_role("heading", name="For fire, not answered yet: 60").wait_for()
    assert titles(page) == by_class and page.get_by_label("Words").input_value() == ""


def test_a_bookmark_with_a_class_s_earlier_name_still_finds_it(
    browser_page: Any, served: Served, reports: Path
) -> None:
    store = LabelStore(reports)
    store.change_classes([ClassChange("rename", "fire", "blaze")])
    page = searched(browser_page, f"{served.origin}/find?class=fire")
    first = page.locator("#found article").first
    first.get_by_role("button", name="Yes to blaze").click()
    first.locator(".chip.yes").wait_for()
    assert [answer.class_name for answer in store.state()] == ["blaze"]


def test_more_documents_come_when_asked_for_and_the_focus_goes_to_them(
    browser_page: Any, served: Served
) -> None:
    page = searched(browser_page, f"{served.origin}/find?state=all")
    assert len(titles(page)) == 10
    page.get_by_role("button", name="Show more").click()
    page.wait_for_selector("#found article:nth-child(20)")
    assert titles(page) == [f"Report {i}" for i in range(20)]
    assert page.evaluate("document.activeElement.textContent") == "Report 10"


def test_a_document_is_labelled_in_place_by_keyboard(
    browser_page: Any, served: Served, reports: Path
) -> None:
    page = searched(browser_page, f"{served.origin}/find?class=fire")
    first = page.locator("#found article").first
    id_ = str(first.locator("h3 a").get_attribute("href")).partition("id=")[2]
    first.get_by_role("button", name="Yes to fire").focus()
    page.keyboard.press("Enter")
    first.locator(".chip.yes").wait_for()
    assert LabelStore(reports).state() == [Answer(id_, "fire", "yes")]
    assert first.get_by_role("button", name="Yes to fire").get_attribute("aria-pressed") == "true"
    # the buttons of all classes: another class too, and no to the third
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Other classes"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    first.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    first.locator(".chip.yes").nth(1).wait_for()
    assert set(LabelStore(reports).state()) == {
        Answer(id_, "fall", "yes"),
        Answer(id_, "fire", "yes"),
        Answer(id_, "chemical leak", "no"),
    }


def test_an_answer_that_came_meanwhile_is_shown_and_can_be_replaced(
    browser: Any, served: Served, reports: Path
) -> None:
    page = browser.new_page()  # whose console tells of the refusal
    page.goto(served.address)
    searched(page, f"{served.origin}/find?state=all")
    LabelStore(reports).record([Answer("r0", "fire", "yes")], annotator="bob")
    card = page.locator("#found article").first
    card.get_by_text("Label", exact=True).click()
    card.get_by_role("button", name="None of these").click()
    card.get_by_text("bob answered 'r0' since it was shown to you: fire").wait_for()
    assert Answer("r0", "fire", "yes") in LabelStore(reports).state()
    card.get_by_role("button", name="Write mine").click()
    card.locator(".chip.no").wait_for()
    assert set(LabelStore(reports).state()) == {Answer("r0", name, "no") for name in NAMES}
    page.close()


def test_likeness_leads_from_card_to_card(browser_page: Any, served: Served) -> None:
    page = searched(browser_page, f"{served.origin}/find?state=all")
    page.locator("#found article").first.get_by_role("link", name="More like this").click()
    page.wait_for_url("**/find?like=r0")
    page.get_by_role("link", name="Report 0").wait_for()
    assert page.inner_text("#heading") == "Most like that document, not answered yet: 59"
    page.get_by_role("button", name="Leave it out").click()
    page.wait_for_url("**/find")


def test_a_document_s_page_marks_words_and_takes_an_answer(
    browser_page: Any, served: Served, reports: Path
) -> None:
    browser_page.goto(f"{served.origin}/document?id=r1")
    browser_page.get_by_label("Words that speak for").select_option("fire")
    browser_page.wait_for_selector("#text mark")
    assert "flames" in browser_page.locator("#text mark").all_inner_texts()
    browser_page.get_by_role("button", name="fire", exact=True).click()
    browser_page.get_by_role("button", name="Save").click()
    browser_page.get_by_role("row", name="fire").get_by_text("ada: yes").wait_for()
    assert Answer("r1", "fire", "yes") in LabelStore(reports).state()


def test_texts_that_mean_harm_are_texts(
    browser: Any, serve: Callable[..., Served], hostile: Path
) -> None:
    served = serve(hostile, "--annotator", "ada")
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    searched(page, f"{served.origin}/find?class=fire&state=all")
    page.locator("#found article").nth(len(HOSTILE) - 1).wait_for()
    assert page.locator("#found script, #found img, #found b").count() == 0
    whole = page.locator("#found article", has_text="xxxx")
    whole.get_by_text("Whole document (1,000,005 characters)").click()
    whole.get_by_role("button", name="Show the other 950,005 characters").click()
    assert len(whole.locator(".whole .text").text_content()) == 1_000_005
    for id_, text in HOSTILE.items():
        page.goto(f"{served.origin}/document?id={quote(id_, safe='')}")
        page.wait_for_selector("#answering button")
        assert page.locator("#text").text_content() == text
        assert page.title() != "owned"
    context.close()
