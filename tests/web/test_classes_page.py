"""Classes in a browser: added, renamed, merged and removed by keyboard, and tried while they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classemb_index import Answer, LabelStore
from classemb_index.queries.annotated import open_annotated
from tests.support.browsing import expect
from tests.web.conftest import Served, truth

pytestmark = pytest.mark.browser


@pytest.fixture
def classes(browser_page: Any, served: Served, reports: Path) -> Any:
    """The page, with an answer to one report of a fire."""
    LabelStore(reports).record([Answer("r1", "fire", "yes"), Answer("r0", "fire", "no")])
    browser_page.goto(f"{served.origin}/classes")
    browser_page.wait_for_selector("#classes article")
    return browser_page


def names(page: Any) -> Any:
    return page.locator("#classes h2")


def stored(reports: Path) -> list[str]:
    return list(open_annotated(reports)[1].pool.classes)


def test_each_class_says_how_far_it_is(classes: Any) -> None:
    fire = classes.get_by_role("article", name="fire")
    expect(fire.locator("dd")).to_have_text(["1", "1", "58", "1 of 2", "–"])
    expect(fire.locator(".verdict")).to_have_text("Not searched yet")
    expect(classes.locator("#estimates")).to_contain_text("none were so far")


def test_a_class_is_added_by_keyboard_and_tried_while_it_is_typed(
    classes: Any, reports: Path
) -> None:
    classes.locator("#new-name").focus()
    classes.keyboard.type("canteen")
    classes.keyboard.press("Tab")
    classes.keyboard.type("food and menus")
    tried = classes.locator("#new-preview")
    expect(tried).to_contain_text("of 10 are answered already")
    expect(tried.locator("li")).to_have_count(10)
    shown = [str(a.get_attribute("href")) for a in tried.locator("li a").all()]
    assert all(truth(href.partition("id=")[2]) == [] for href in shown)
    classes.keyboard.press("Tab")
    classes.keyboard.press("Tab")
    classes.keyboard.press("Enter")
    expect(names(classes)).to_have_text(["fall", "fire", "chemical leak", "canteen"])
    expect(classes.locator("#said")).to_have_text("canteen is there.")
    expect(tried).to_be_hidden()
    assert classes.locator("#new-name").input_value() == ""
    assert open_annotated(reports)[1].pool.descriptions == {"canteen": "food and menus"}


def test_the_last_words_typed_are_those_that_are_tried(classes: Any, served: Served) -> None:
    name = classes.locator("#new-name")
    tried = classes.locator("#new-preview li a")
    for words in ("fire brigade", "canteen", "oil on the ground", "worker fell down the stairs"):
        name.fill(words)
        classes.wait_for_timeout(350)  # so that each is asked for
    asked = classes.request.get(f"{served.origin}/api/preview", params={"text": words}).json()
    expected = [f"/document?id={one['id']}" for one in asked["documents"]]
    expect(tried.first).to_have_attribute("href", expected[0])
    assert [a.get_attribute("href") for a in tried.all()] == expected


def test_what_cannot_be_added_is_said_in_the_form_which_stays(
    browser: Any, served: Served, reports: Path
) -> None:
    page = browser.new_page()  # whose console tells of the refusal
    page.goto(served.address)
    page.goto(f"{served.origin}/classes")
    page.locator("#new-name").fill("fire")
    page.get_by_role("button", name="Add the class").click()
    wrong = page.locator("#adding .wrong")
    expect(wrong).to_contain_text("the class 'fire' is there already")
    assert page.locator("#new-name").input_value() == "fire"
    page.locator("#new-name").fill("flood")
    page.get_by_role("button", name="Add the class").click()
    expect(names(page)).to_have_text(["fall", "fire", "chemical leak", "flood"])
    expect(wrong).to_be_hidden()
    page.close()


def test_a_class_is_renamed_and_described_in_a_dialog(classes: Any, reports: Path) -> None:
    classes.get_by_role("button", name="Rename or describe fire").press("Enter")
    dialog = classes.get_by_role("dialog", name="fire")
    expect(dialog.locator("#changed-preview li")).to_have_count(10)
    dialog.get_by_label("Name").fill("Brände <b>漢字</b>")
    dialog.get_by_label("What it is about").fill("smoke and flames")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(names(classes)).to_have_text(["fall", "Brände <b>漢字</b>", "chemical leak"])
    expect(classes.get_by_role("article", name="Brände").locator("dd").first).to_have_text("1")
    assert stored(reports) == ["fall", "Brände <b>漢字</b>", "chemical leak"]


def test_escape_leaves_everything_as_it_was(classes: Any, reports: Path) -> None:
    for deed in ("Rename or describe", "Merge", "Remove"):
        button = classes.get_by_role("button", name=f"{deed} fall")
        button.press("Enter")
        classes.keyboard.press("Escape")
        expect(classes.locator("dialog[open]")).to_have_count(0)
        expect(button).to_be_focused()
    assert stored(reports) == ["fall", "fire", "chemical leak"]


def test_a_class_is_merged_after_asking(classes: Any, reports: Path) -> None:
    classes.get_by_role("button", name="Merge fire").click()
    dialog = classes.get_by_role("dialog", name="Merge fire")
    assert dialog.locator("option").all_inner_texts() == ["fall", "chemical leak"]
    dialog.get_by_label("Into").select_option("fall")
    dialog.get_by_role("button", name="Merge").click()
    expect(names(classes)).to_have_text(["fall", "chemical leak"])
    assert stored(reports) == ["fall", "chemical leak"]


def test_removing_asks_first_and_keeping_is_what_enter_does(classes: Any, reports: Path) -> None:
    classes.get_by_role("button", name="Remove fire").press("Enter")
    dialog = classes.get_by_role("dialog", name="Remove fire?")
    expect(dialog).to_contain_text("2 documents are answered for it.")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    classes.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    classes.get_by_role("button", name="Remove fire").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(names(classes)).to_have_text(["fall", "chemical leak"])
    assert stored(reports) == ["fall", "chemical leak"]
