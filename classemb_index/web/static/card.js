// A document in a list, and how it is answered in place. Find, Classes and a document's page use it.
import { address, alarm, calm, documentUrl, element, get, marked, number, post, say } from "./api.js";
import { tab } from "./tab.js";

const FOLDED = 50_000; // characters that are shown at once of a whole document
const BEFORE = 40; // characters before the first mark

/** A card of one document; `search` is what it was found by, `classes` the names of all classes. */
export function card(found, search, classes) {
  const facts = element("p", { class: "row facts" });
  const snippet = element("p", { class: "text snippet", dir: "auto" }, found.start);
  const answer = answering(found, search.class, classes, (now) => showFacts(facts, now, found.score));
  showFacts(facts, found, found.score);
  const likeness = element("a", { href: address("/find", { like: found.id }) }, "More like this");
  return element("article", { class: "card" },
    element("h3", { dir: "auto", title: found.title }, element("a", { href: documentUrl(found.id) }, found.title || found.id)),
    facts, snippet, folded(found, search), element("p", {}, likeness), answer);
}

/** The passage that matched in place of the text's beginning; the method in words, "" where there is none. */
export async function explain(article, found, search, options = {}) {
  const why = await get("/api/explain", asked(found.id, search), options);
  const snippet = article.querySelector(".snippet");
  if (!snippet) return "";
  const { text, marks, start } = why.passage;
  const isWhole = start === 0 && found.length <= Array.from(text).length;
  snippet.replaceChildren(start > 0 ? "… " : "", marked(text, marks), isWhole ? "" : " …");
  article.querySelector(".whole").hidden = isWhole;
  return why.method;
}

/** What stands around the first mark of a passage, for a line or two. */
export async function excerpt(id, search, options = {}) {
  const { passage: { text, marks } } = await get("/api/explain", asked(id, search), options);
  const characters = Array.from(text);
  const mark = marks[0]?.[0] ?? 0;
  const space = mark > BEFORE ? characters.lastIndexOf(" ", mark - BEFORE) : -1;
  const start = mark - space > 2 * BEFORE ? mark - BEFORE : space + 1; // there are scripts without spaces
  const shown = marks.map(([from, to]) => [from - start, to - start]);
  return [start ? "… " : "", marked(characters.slice(start).join(""), shown)];
}

const asked = (id, search) => ({ id, class: search.class, text: search.text, like: search.like });

/** How a document stands, in chips. */
function showFacts(place, found, score) {
  const chips = Object.entries(found.labels)
    .filter(([, has]) => has)
    .map(([name]) => element("span", { class: "chip yes", dir: "auto" }, name));
  const known = Object.keys(found.labels).length;
  if (known && !chips.length) chips.push(element("span", { class: "chip no" }, known === 1 ? `not ${Object.keys(found.labels)[0]}` : "none of them"));
  if (found.skipped) chips.push(element("span", { class: "chip" }, "skipped"));
  if (found.out.length && !known) chips.push(element("span", { class: "chip", dir: "auto" }, `handed out${found.out[0] ? ` to ${found.out[0]}` : ""}`));
  if (found.notes) chips.push(element("span", { class: "chip" }, found.notes === 1 ? "a note" : `${found.notes} notes`));
  place.replaceChildren(...(score == null ? [] : [element("span", { title: "cosine similarity" }, score.toFixed(2))]), ...chips);
}

/** The whole document, read when it is unfolded. */
function folded(found, search) {
  const text = element("p", { class: "text", dir: "auto" }, "One moment …");
  const rest = element("button", { type: "button", class: "plain", hidden: true });
  const whole = element("details", { class: "whole" },
    element("summary", {}, `Whole document (${number(found.length)} characters)`), text, rest);
  whole.addEventListener("toggle", async () => {
    if (!whole.open || whole.dataset.read) return;
    whole.dataset.read = "yes";
    try {
      const { text: all } = await get("/api/document", { id: found.id });
      const why = hasReason(search) ? await get("/api/explain", asked(found.id, search)).catch(() => null) : null;
      showText(text, rest, all, why?.marks ?? []);
    } catch (refused) {
      delete whole.dataset.read;
      text.textContent = refused.message;
    }
  });
  return whole;
}

/** A text with its marks; of a very long one the beginning, and a button for what is left. */
function showText(place, rest, text, marks) {
  if (text.length <= FOLDED) {
    place.replaceChildren(marked(text, marks));
    return;
  }
  const beginning = Array.from(text.slice(0, FOLDED));
  place.replaceChildren(marked(beginning.join(""), marks.filter(([, end]) => end <= beginning.length)), " …");
  rest.hidden = false;
  rest.textContent = `Show the other ${number(text.length - FOLDED)} characters`;
  rest.onclick = () => { rest.hidden = true; place.replaceChildren(marked(text, marks)); };
}

export const hasReason = (search) => Boolean(search.text?.trim() || search.like || search.class);

/** Buttons that answer a document; `changed` is told how it stands then. */
export function answering(found, own, classes, changed) {
  let now = found;
  const conflict = element("div", { class: "conflict warning", role: "alert", hidden: true });
  const quick = element("div", { class: "row quick" });
  const toggles = classes.map((name, position) => element("button", {
    type: "button", "aria-pressed": "false", "data-class": position, dir: "auto",
    on: { click: (event) => press(event.currentTarget, event.currentTarget.getAttribute("aria-pressed") !== "true") },
  }, name));
  const panel = element("details", {}, element("summary", {}, own ? "Other classes" : "Label"),
    element("div", { class: "classes", role: "group", "aria-label": "Classes; several may hold" }, ...toggles),
    element("div", { class: "row" },
      element("button", { type: "button", class: "main", on: { click: () => give(pressed(), classes) } }, "Save"),
      element("button", { type: "button", on: { click: () => give([], classes) } }, "None of these"),
      element("button", { type: "button", on: { click: () => give(null, []) } }, "Skip")));
  const place = element("div", { class: "answering-in-place" }, quick, panel, conflict);

  function press(button, isPressed) {
    button.setAttribute("aria-pressed", String(isPressed));
  }
  const pressed = () => classes.filter((_, i) => toggles[i].getAttribute("aria-pressed") === "true");

  function showLabels() {
    toggles.forEach((button, i) => press(button, now.labels[classes[i]] === true));
    if (!own) return;
    const question = element("p", { class: "question", dir: "auto" }, `${own}?`);
    quick.replaceChildren(question, ...[true, false].map((value) => element("button", {
      type: "button", "aria-pressed": String(now.labels[own] === value), "data-said": value ? "yes" : "no", dir: "auto",
      on: { click: () => give(value ? [own] : [], [own]) },
    }, value ? "Yes" : "No", element("span", { class: "visually-hidden" }, ` to ${own}`))));
  }

  async function give(labels, shown, replace = false) {
    place.setAttribute("aria-busy", "true");
    conflict.hidden = true;
    try {
      await post("/api/answer", { tab, document: found.id, labels, shown, seen: now.seen, replace });
      calm();
      say(labels === null ? "Skipped." : `Saved: ${labels.join(", ") || "none of these"}.`);
      await look();
    } catch (refused) {
      if (refused.status === 409) ask(refused.message, labels, shown);
      else alarm(refused.message);
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  /** Show how the document stands now; a button that had the focus keeps it. */
  async function look() {
    const focused = document.activeElement?.dataset?.said;
    now = await get("/api/card", { id: found.id });
    showLabels();
    if (focused) quick.querySelector(`[data-said="${focused}"]`)?.focus();
    changed(now);
  }

  function ask(message, labels, shown) {
    conflict.replaceChildren(element("p", { dir: "auto" }, message), element("p", { class: "row" },
      element("button", { type: "button", on: { click: () => give(labels, shown, true) } }, "Write mine"),
      element("button", { type: "button", class: "main", on: { click: keep } }, "Keep that answer")));
    conflict.hidden = false;
    conflict.querySelector("button.main").focus();
  }

  async function keep() {
    conflict.hidden = true;
    await look().catch((refused) => alarm(refused.message));
    place.querySelector("button, summary").focus();
  }

  showLabels();
  return place;
}
