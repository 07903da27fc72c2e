"""The page Progress in a browser: train, predict, draw a sample, open a document from the map."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classemb_index import LabelStore
from classemb_index.labels.annotation import answers_to
from tests.support.browsing import document_of, next_after
from tests.web.conftest import CLASSES, Served, truth

pytestmark = [pytest.mark.browser, pytest.mark.model]
NAMES = [name for names in CLASSES.values() for name in names]
TIMEOUT = 60_000  # ms


@pytest.fixture
def progress(browser_page: Any, served: Served, reports: Path) -> Any:
    """The page, once thirty reports are answered."""
    store = LabelStore(reports)
    for i in range(30):
        store.record(answers_to(f"r{i}", truth(f"r{i}"), NAMES), annotator="ada")
    browser_page.set_default_timeout(TIMEOUT)
    browser_page.goto(f"{served.origin}/progress")
    return browser_page


def test_curves_gains_and_the_map_come_by_themselves(progress: Any) -> None:
    progress.wait_for_selector("#panels figure")
    assert progress.locator("#panels figcaption").all_inner_texts() == NAMES
    panel = progress.get_by_role("img", name="fire: 10 labelled documents: 3 positives")
    assert panel.count() == 1
    progress.wait_for_selector("#gains table")
    assert progress.locator("#people tbody tr").all_inner_texts() == ["ada\t30\t30"]
    assert "predictions are compared over 3 batches" in progress.inner_text("#stopping")
    progress.wait_for_selector("#drawn circle")
    assert progress.locator("#drawn circle").count() == 60


def test_a_model_is_trained_asked_and_taken_home_by_keyboard(progress: Any, tmp_path: Path) -> None:
    progress.get_by_role("button", name="Train on 30 labelled documents").focus()
    progress.keyboard.press("Enter")
    progress.wait_for_selector("#model-facts table")
    assert progress.locator("#model-facts tbody th").all_inner_texts() == NAMES
    progress.get_by_role("button", name="Predict the whole pool").focus()
    progress.keyboard.press("Enter")
    progress.wait_for_selector("#predicted table")
    with progress.expect_download() as told:
        progress.get_by_role("link", name="Download the model").click()
    assert f"model/{'classemb.json'}" in zipfile.ZipFile(told.value.path()).namelist()
    with progress.expect_download() as told:
        progress.get_by_role("link", name="Download the predictions").click()
    with Path(told.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 60
    progress.reload()
    progress.wait_for_selector("#predicted table")


def test_a_sample_is_drawn_labelled_on_its_own_page_and_measured(
    progress: Any, served: Served, reports: Path
) -> None:
    progress.get_by_role("button", name="Train on").click()
    progress.wait_for_selector("#model-facts table")
    progress.get_by_label("Documents of a sample").fill("4")
    progress.get_by_role("button", name="Draw a sample").click()
    progress.wait_for_selector("#sampled")
    assert progress.inner_text("#sample-state") == (
        "The sample has 4 documents, 0 of them are answered."
    )
    assert progress.get_by_role("button", name="Measure by the 0").is_disabled()
    progress.get_by_role("link", name="Label the sample").click()
    done = []
    while len(done) < 4:
        done.append(document_of(progress) if not done else next_after(progress, done[-1]))
        for name in truth(done[-1]):
            progress.keyboard.press(str(NAMES.index(name) + 1))
        progress.keyboard.press("Enter" if truth(done[-1]) else "0")
    progress.wait_for_selector("#nothing:not([hidden])")
    (batch,) = [own for own in LabelStore(reports).read().batches if own.strategy == "evaluation"]
    assert {pick.document for pick in batch.picks} == set(done)
    progress.goto(f"{served.origin}/progress")
    progress.get_by_role("button", name="Measure the model").click()
    progress.wait_for_selector("#measured table")
    assert "Measured on 4 of" in progress.inner_text("#measured")


def test_what_cannot_be_done_is_said(progress: Any) -> None:
    progress.get_by_role("button", name="Train on").click()
    progress.wait_for_selector("#model-facts table")
    progress.get_by_label("Documents of a sample").fill("61")
    progress.get_by_role("button", name="Draw a sample").click()
    alert = progress.locator("#job-error")
    alert.wait_for(state="visible")
    assert alert.inner_text().startswith("asked for a sample of 61 documents")


def test_the_map_is_coloured_by_a_class_and_a_click_opens_a_document(
    progress: Any, served: Served
) -> None:
    progress.wait_for_selector("#drawn circle")
    progress.get_by_label("Coloured by").select_option("chemical leak")
    progress.get_by_text("60 documents: 7 have “chemical leak”, 23 have not").wait_for()
    assert progress.locator("#listed .chip.yes").count() == 7
    last = progress.locator("#drawn a").last
    address = last.get_attribute("href")
    assert address.startswith("/document?id=r")
    with progress.expect_request(f"{served.origin}{address}"):
        last.locator("circle").click()


def test_the_tab_key_passes_over_the_documents_of_the_map(progress: Any) -> None:
    progress.wait_for_selector("#drawn circle")
    progress.get_by_label("Coloured by").focus()
    progress.keyboard.press("Tab")
    assert progress.evaluate("document.activeElement.closest('#listed') !== null")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(progress: Any, width: int) -> None:
    progress.set_viewport_size({"width": width, "height": 800})
    progress.get_by_role("button", name="Train on").click()
    progress.wait_for_selector("#model-facts table")
    progress.wait_for_selector("#gains table")
    assert progress.evaluate("document.documentElement.scrollWidth") == width


def test_two_pages_see_one_job(
    progress: Any, served: Served, browser: Any, serve: Callable[..., Served]
) -> None:
    progress.get_by_role("button", name="Train on").click()
    other = progress.context.new_page()
    other.goto(f"{served.origin}/progress")
    shown = []
    for page in (progress, other):
        page.wait_for_selector("#model-facts table", timeout=TIMEOUT)
        shown.append(page.inner_text("#model-facts"))
    assert shown[0] == shown[1]
    jobs = other.evaluate("fetch('/api/jobs').then((answer) => answer.json())")["jobs"]
    assert [(job["kind"], job["state"]) for job in jobs] == [("train", "done")]
