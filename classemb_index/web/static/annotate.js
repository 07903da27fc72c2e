// The page Annotate: documents are fetched ahead, an answer is stored before the page goes on.
import { Refused, alarm, at, calm, documentUrl, element, get, marked, number, pause, post, say } from "./api.js";
import { tab } from "./tab.js";

const AHEAD = 4; // documents that are asked for at a time
const FOLDED = 1500; // characters of a text that are shown at first
const ENOUGH = 40; // positives at which a class's bar is full
const RETRY = 1500; // milliseconds
const ORACLE_PACE = 450; // milliseconds for a document
const KEYS = [..."123456789abcdefghijklmnopqrstuvwxyz"];
// What is not sent yet, by the store that it is for: another index may be served here later.
const OUTBOXES = `outbox ${document.getElementById("desk").dataset.store} `;
const OUTBOX = OUTBOXES + tab;

const purpose = at("desk").dataset.purpose;
const shown = { document: null, classes: [], chosen: new Set(), characters: [], words: [] };
let queue = [];
let counts = new Map();
let isBusy = false;
let fetching = null;
let state = {};
let asking = new AbortController(); // what is asked of the document that is shown
let answers = 0; // given on this page
const answeredAt = new Map(); // documents, with the place of their last answer

// --- what is shown ---

function show(next) {
  shown.document = next;
  asking.abort(); // a browser has six connections to a server; answers need one
  asking = new AbortController();
  shown.chosen = new Set(next.labels);
  at("desk").hidden = false;
  at("nothing").hidden = true;
  at("why").textContent = next.why;
  at("document-title").classList.toggle("visually-hidden", !next.title_end);
  at("document-id").textContent = next.id;
  at("own-page").href = documentUrl(next.id);
  at("note").value = next.note;
  at("noting").open = Boolean(next.note);
  at("passage").hidden = true;
  at("words").textContent = "";
  at("method").textContent = "";
  shown.words = [];
  shown.characters = Array.from(next.text);
  showText(shown.characters.length <= FOLDED);
  showClasses();
  at("document-title").focus({ preventScroll: true });
  scrollTo({ top: 0 });
  say(`${next.why} ${at("document-title").textContent}`);
  explain(next);
  if (at("suggesting").checked) suggest(next);
}

/** The characters [start, end) of the document, its words marked. */
function part(start, end) {
  const inside = shown.words.filter(([from, to]) => from >= start && to <= end);
  return marked(shown.characters.slice(start, end).join(""), inside.map(([from, to]) => [from - start, to - start]));
}

function showText(isWhole) {
  const { length } = shown.characters;
  const body = shown.document.title_end;
  at("document-title").replaceChildren(body ? part(0, body) : "Document");
  at("text").replaceChildren(part(body ? body + 1 : 0, isWhole ? length : FOLDED), isWhole ? "" : " …");
  at("unfold").hidden = length <= FOLDED;
  at("unfold").textContent = isWhole ? "Fold the text" : `Show the whole text (${number(length)} characters)`;
  at("unfold").setAttribute("aria-expanded", String(isWhole));
}

function showClasses() {
  const made = shown.classes.map(({ name, description }, place) => {
    const n = counts.get(name) ?? 0;
    const fill = element("span", { class: "fill" });
    fill.style.width = `${Math.min(100, (100 * n) / ENOUGH)}%`;
    return element(
      "button",
      {
        type: "button", "data-class": name, title: description,
        "aria-pressed": String(shown.chosen.has(name)), on: { click: () => toggle(name) },
      },
      KEYS[place] ? element("kbd", {}, KEYS[place]) : element("span"),
      element("span", { class: "name", dir: "auto" }, name),
      element("span", { class: "count" }, element("span", { class: "visually-hidden" }, "documents so far: "), String(n)),
      element("span", { class: "bar", "aria-hidden": "true" }, fill),
    );
  });
  at("classes").replaceChildren(...made);
  at("save").disabled = shown.chosen.size === 0;
}

function toggle(name) {
  if (!shown.chosen.delete(name)) shown.chosen.add(name);
  for (const button of at("classes").children) {
    button.setAttribute("aria-pressed", String(shown.chosen.has(button.dataset.class)));
  }
  at("save").disabled = shown.chosen.size === 0;
  say(`${name}: ${shown.chosen.has(name) ? "yes" : "no"}`);
}

function showState(next) {
  state = next;
  const { answered, today, ready, is_choosing: isChoosing } = state;
  const parts = [`${number(today)} answered today, ${number(answered)} in all`, `${ready} ready`];
  if (isChoosing) parts.push("more are being chosen");
  at("state").textContent = parts.join(" · ");
}

function showNothing(why, isChoosing) {
  shown.document = null;
  at("desk").hidden = true;
  at("nothing").hidden = false;
  at("nothing-title").textContent = isChoosing ? "One moment" : "Nothing to answer";
  at("nothing-why").textContent = isChoosing ? "The next documents are being chosen from all answers so far." : why;
}

async function explain(own) {
  if (!own.asked_by) return;
  let found;
  try {
    found = await get("/api/explain", { id: own.id, class: own.asked_by }, { signal: asking.signal });
  } catch (refused) {
    if (shown.document === own) at("words").textContent = refused.message;
    return;
  }
  if (shown.document !== own || !found.marks.length) return;
  shown.words = found.marks;
  showText(at("unfold").getAttribute("aria-expanded") === "true");
  at("words").textContent = `Marked: words that speak for “${own.asked_by}”.`;
  at("method").textContent = found.method;
  const { start, text } = found.passage;
  const end = start + Array.from(text).length;
  if (found.passages === 1 || end <= FOLDED) return;
  at("passage-text").replaceChildren(part(start, end));
  at("passage").hidden = false;
}

async function suggest(own) {
  try {
    const { probabilities } = await get("/api/suggestions", { id: own.id }, { signal: asking.signal });
    if (shown.document !== own) return;
    for (const button of at("classes").children) {
      const p = probabilities[button.dataset.class];
      if (p != null) button.querySelector(".count").textContent = `${Math.round(100 * p)} %`;
    }
  } catch (refused) {
    if (shown.document === own) at("state").textContent = refused.message;
  }
}

// --- where documents come from ---

async function fetchAhead() {
  const asked = answers;
  fetching ??= post("/api/next", { tab, n: AHEAD, purpose })
    .then((found) => {
      const known = new Set([shown.document?.id, ...queue.map(({ id }) => id)]);
      for (const [id, place] of answeredAt) if (place > asked) known.add(id); // it crossed this request
      queue.push(...found.documents.filter(({ id }) => !known.has(id)));
      shown.classes = shown.document ? shown.classes : found.classes;
      counts = new Map(found.classes.map(({ name, positives }) => [name, positives]));
      fetchAhead.classes = found.classes;
      showState(found.state);
      return found;
    })
    .finally(() => { fetching = null; });
  return fetching;
}

async function goOn() {
  for (;;) {
    if (queue.length) {
      shown.classes = fetchAhead.classes ?? shown.classes;
      show(queue.shift());
      if (queue.length < 2) fetchAhead().catch(() => {});
      return;
    }
    let found;
    try {
      found = await fetchAhead();
      calm();
    } catch (refused) {
      if (refused.status) { showNothing(refused.message, false); return; }
      alarm(refused.message);
      await pause(RETRY);
      continue;
    }
    if (queue.length) continue;
    if (shown.document === null || !found.documents.length) showNothing(found.state.why, found.state.is_choosing);
    if (!found.state.is_choosing) return;
    await pause(400);
  }
}

// --- answers ---

/** Write an answer; what cannot be sent is kept in the browser until it can. */
async function send(answer, outbox = OUTBOX) {
  localStorage.setItem(outbox, JSON.stringify(answer));
  for (;;) {
    try {
      const found = await post("/api/answer", answer);
      localStorage.removeItem(outbox);
      calm();
      return found;
    } catch (refused) {
      if (refused.status === 409) {
        if (!await keepsTheirs(refused)) return send({ ...answer, replace: true }, outbox);
        localStorage.removeItem(outbox);
        return null;
      }
      if (refused.status === 403) throw refused; // sent from the page that the new address opens
      if (refused.status && refused.status !== 503) {
        localStorage.removeItem(outbox);
        throw refused;
      }
      alarm(`${refused.message} Your answer is kept in this browser and is sent when the server is back.`);
      await pause(RETRY);
    }
  }
}

function keepsTheirs(refused) {
  const dialog = at("conflict");
  at("conflict-why").textContent = refused.message;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue !== "replace"), { once: true });
  });
}

async function answer(labels) {
  const own = shown.document;
  if (isBusy || !own) return;
  isBusy = true;
  try {
    const given = {
      tab, document: own.id, labels, shown: shown.classes.map(({ name }) => name),
      note: at("note").value === own.note ? null : at("note").value, seen: own.seen,
    };
    answeredAt.set(own.id, ++answers);
    const found = await send(given);
    for (const name of found?.labels ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
    const n = Number(found !== null && labels !== null);
    showState({ ...state, answered: state.answered + n, today: state.today + n, ready: Math.max(0, state.ready - 1) });
    shown.document = null;
    await goOn();
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    alarm(refused.message);
  } finally {
    isBusy = false;
  }
}

async function undo() {
  if (isBusy) return;
  isBusy = true;
  try {
    const back = await post("/api/undo", { tab });
    calm();
    if (shown.document) queue.unshift(shown.document);
    queue = queue.filter(({ id }) => id !== back.document.id);
    shown.classes = fetchAhead.classes ?? shown.classes;
    for (const name of back.document.labels) counts.set(name, Math.max(0, (counts.get(name) ?? 0) - 1));
    show(back.document);
    say("Taken back. Answer again.");
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    alarm(refused.message);
  } finally {
    isBusy = false;
  }
}

const save = () => { if (shown.chosen.size) answer([...shown.chosen]); };
const none = () => answer([]);
const skip = () => answer(null);

// --- the oracle of a practice pool ---

const oracle = at("oracle");
oracle?.addEventListener("click", async () => {
  const isOn = oracle.getAttribute("aria-pressed") !== "true";
  oracle.setAttribute("aria-pressed", String(isOn));
  while (oracle.getAttribute("aria-pressed") === "true") {
    if (shown.document) {
      const { labels } = await get("/api/oracle", { id: shown.document.id });
      shown.chosen = new Set(labels);
      showClasses();
      await pause(ORACLE_PACE);
      await answer(labels);
    } else {
      await pause(ORACLE_PACE);
    }
    if (!at("nothing").hidden && at("nothing-title").textContent !== "One moment") break;
  }
  oracle.setAttribute("aria-pressed", "false");
});

// --- keys and buttons ---

at("save").addEventListener("click", save);
at("none").addEventListener("click", none);
at("skip").addEventListener("click", skip);
at("undo").addEventListener("click", undo);
at("nothing-undo").addEventListener("click", undo);
at("unfold").addEventListener("click", () => showText(at("unfold").getAttribute("aria-expanded") !== "true"));
for (const id of ["keys", "suggesting"]) {
  const kept = localStorage.getItem(id);
  if (kept !== null) at(id).checked = kept === "true";
  at(id).addEventListener("change", () => localStorage.setItem(id, String(at(id).checked)));
}
at("suggesting").addEventListener("change", () => {
  if (!shown.document) return;
  if (at("suggesting").checked) suggest(shown.document);
  else showClasses();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
  if (document.querySelector("dialog[open]")) return;
  const field = event.target.closest("input, textarea, select");
  if (field) {
    if (event.key === "Escape") at("document-title").focus();
    return;
  }
  if (event.ctrlKey) {
    if (event.key === "z") { event.preventDefault(); undo(); }
    return;
  }
  if (!at("keys").checked) return;
  if (event.key === "Enter" && event.target.closest(":is(button, a, summary):not(#classes *)")) return;
  const place = KEYS.indexOf(event.key.toLowerCase());
  const own = shown.classes[place];
  const does = {
    Enter: save, 0: none, "-": skip, Backspace: undo,
    "/": () => { at("noting").open = true; at("note").focus(); },
  }[event.key] ?? (place >= 0 && own && shown.document ? () => toggle(own.name) : null);
  if (!does) return;
  event.preventDefault();
  if (!event.repeat) does();
});

addEventListener("pagehide", () => {
  post("/api/release", { tab }, { keepalive: true }).catch(() => {});
});

addEventListener("beforeunload", (event) => {
  if (localStorage.getItem(OUTBOX)) event.preventDefault();
});

// Of this tab before a reload, and of tabs that were closed; what another open tab sends too is written once.
for (const outbox of Object.keys(localStorage).filter((key) => key.startsWith(OUTBOXES))) {
  const kept = localStorage.getItem(outbox);
  if (kept) await send({ ...JSON.parse(kept), tab }, outbox).catch((refused) => alarm(refused.message));
}
await goOn();
