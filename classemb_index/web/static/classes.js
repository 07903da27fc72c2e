// The page Classes: each class as a card, changes in dialogs, and what a description finds while it is typed.
import { address, at, documentUrl, element, get, number, post, say, tell } from "./api.js";
import { excerpt } from "./card.js";

const place = at("classes");
const wrong = at("wrong");
const estimates = at("estimates");
const adding = at("adding");
const VERDICTS = { "search on": "Go on", enough: "Enough", exhausted: "Probably all found", unknown: "Not searched yet" };
const NO_SAMPLE = "How many documents of a class are left is estimated from documents that were labelled at random; none were so far "
  + "(classemb-index annotate --strategy random hands some out).";
const AGAIN = 500; // ms until outlooks that are worked out are asked for again, each time half as long again
const PAUSE = 300; // ms without a key until a description is tried

let names = [];
let shown = 0; // version of the labels that is shown
let timer;
let pause = AGAIN;

async function load() {
  clearTimeout(timer);
  try {
    show(await get("/api/classes"));
  } catch (refused) {
    tell(wrong, refused.message);
  }
}

function show(known) {
  if (known.version < shown) return;
  shown = known.version;
  names = known.classes.map((own) => own.class);
  const focused = document.activeElement?.id;
  const samples = new Set(known.classes.map((own) => own.outlook?.prevalence?.note).filter(Boolean));
  place.replaceChildren(...known.classes.map((own, i) => classCard(own, i, samples.size > 1)));
  if (!names.length) place.append(element("p", { class: "hint" }, "There is no class yet. Add one below: a name is enough to search by."));
  if (focused) at(focused)?.focus();
  place.removeAttribute("aria-busy");
  tell(wrong, known.wrong);
  const [sample] = samples;
  estimates.hidden = !known.is_current || !names.length || samples.size > 1;
  estimates.textContent = sample ? `What is left is estimated ${sample}; in brackets the 95 % interval.` : NO_SAMPLE;
  clearTimeout(timer);
  pause = known.is_current ? AGAIN : Math.min(1.5 * pause, 10_000);
  if (!known.is_current) timer = setTimeout(load, pause);
}

function classCard(own, i, hasOwnSample) {
  const { outlook } = own;
  const deed = (id, words, does) => element("button", { type: "button", class: "plain", id: `${id}-${i}`, on: { click: does } },
    words, element("span", { class: "visually-hidden", dir: "auto" }, ` ${own.class}`));
  return element("article", { class: "card", "aria-labelledby": `class-${i}` },
    element("div", {},
      element("h2", { id: `class-${i}`, dir: "auto" }, element("a", { href: address("/find", { class: own.class }) }, own.class)),
      own.group && element("span", { class: "chip" }, own.group),
      own.description && element("p", { class: "soft", dir: "auto" }, own.description)),
    element("dl", { class: "counts" },
      count("Yes", own.yes, "yes"), count("No", own.no), count("Unknown", own.unknown),
      count("Last batches", batches(outlook)), count("Left, about", left(outlook))),
    element("div", { class: "outlook" }, ...verdict(outlook, hasOwnSample)),
    element("p", { class: "deeds" },
      element("a", { class: "button", href: address("/find", { class: own.class }) }, "Find", element("span", { class: "visually-hidden" }, ` ${own.class}`)),
      deed("change", "Rename or describe", () => openChanging(own)),
      names.length > 1 && deed("merge", "Merge", () => openMerging(own)),
      deed("remove", "Remove", () => openRemoving(own))));
}

const count = (name, value, kind = "") => element("div", { class: kind }, element("dt", {}, name),
  element("dd", {}, typeof value === "number" ? number(value) : value));

function batches(outlook) {
  if (!outlook) return "…";
  return outlook.progress.batches.map(({ found, documents }) => `${found} of ${documents}`).join(", ") || "–";
}

function left(outlook) {
  if (!outlook) return "…";
  const share = outlook.prevalence;
  return share ? `${number(share.documents.estimate)} (${number(share.documents.low)} to ${number(share.documents.high)})` : "–";
}

function verdict(outlook, hasOwnSample) {
  if (!outlook) return [element("p", { class: "soft" }, "Working it out …")];
  const { verdict: said, why } = outlook.progress;
  const sample = hasOwnSample && outlook.prevalence ? `What is left: ${outlook.prevalence.note}; in brackets the 95 % interval.` : "";
  return [element("p", { class: `verdict ${said}` }, VERDICTS[said]), element("p", { class: "hint" }, `${why[0].toUpperCase()}${why.slice(1)}. ${sample}`.trimEnd())];
}

/** Post a change; what is wrong stands in the form, and the form stays. */
async function change(form, path, body) {
  const own = form.querySelector(".wrong");
  const button = form.querySelector("button[value=save], button.main");
  tell(own, "");
  button.disabled = true;
  try {
    show(await post(`/api/classes/${path}`, body));
    return true;
  } catch (refused) {
    tell(own, refused.message);
    return false;
  } finally {
    button.disabled = false;
  }
}

/** What a description finds, at most once in a while, the last answer wins. */
function live(form, words, where) {
  const section = at(where);
  const said = section.querySelector("[role=status]");
  let waiting;
  let stop = new AbortController();
  async function look() {
    stop.abort();
    stop = new AbortController();
    const own = stop;
    const text = words().trim();
    section.hidden = !text;
    if (!text) return;
    said.textContent = "Looking …";
    try {
      const found = await get("/api/preview", { text }, { signal: own.signal });
      if (own !== stop) return;
      said.textContent = `It would find these first; ${found.answered} of ${found.n} are answered already.`;
      const items = found.documents.map(foundItem);
      section.querySelector("ol").replaceChildren(...items);
      for (const [i, one] of found.documents.entries()) {
        items[i].querySelector("p").replaceChildren(...await excerpt(one.id, { text }, { signal: own.signal }));
      }
    } catch (refused) {
      if (own !== stop || refused.name === "AbortError") return;
      said.textContent = refused.message;
      section.querySelector("ol").replaceChildren();
    }
  }
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, PAUSE); });
  return { look, clear: () => { clearTimeout(waiting); stop.abort(); section.hidden = true; section.querySelector("ol").replaceChildren(); } };
}

const foundItem = (one) => element("li", {},
  element("a", { href: documentUrl(one.id), dir: "auto", target: "_blank", rel: "noopener" }, one.title || one.id),
  element("p", { class: "soft", dir: "auto" }, one.start));

const addingLive = live(adding, () => adding.elements.description.value.trim() || adding.elements.name.value, "new-preview");
adding.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, description, group } = adding.elements;
  if (!await change(adding, "add", { name: name.value, description: description.value, group: group.value })) return;
  say(`${name.value} is there.`);
  adding.reset();
  addingLive.clear();
  name.focus();
});

/** A dialog that stays open while what was asked is refused. */
function dialog(id, saved) {
  const made = at(id);
  const form = made.querySelector("form");
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.value !== "save") return;
    event.preventDefault();
    if (!await saved(form)) return;
    made.close();
  });
  return made;
}

let asked; // the class that a dialog is about

function openDialog(made, own, title) {
  asked = own;
  made.querySelector("h2").textContent = title;
  tell(made.querySelector(".wrong"), "");
  made.showModal();
}

const changing = dialog("changing", (form) => change(form, "change",
  { name: asked.class, new_name: changedName.value, description: changedWords.value }));
const changedName = at("changed-name");
const changedWords = at("changed-description");
const changedLive = live(changing, () => changedWords.value.trim() || changedName.value, "changed-preview");
changing.addEventListener("close", changedLive.clear);

function openChanging(own) {
  changedName.value = own.class;
  changedWords.value = own.description ?? "";
  openDialog(changing, own, own.class);
  changedName.select();
  changedLive.look();
}

const into = at("into");
const merging = dialog("merging", (form) => change(form, "merge", { name: asked.class, into: into.value }));
function openMerging(own) {
  into.replaceChildren(...names.filter((name) => name !== own.class).map((name) => element("option", { value: name }, name)));
  openDialog(merging, own, `Merge ${own.class}`);
}

const removing = dialog("removing", (form) => change(form, "remove", { name: asked.class }));
function openRemoving(own) {
  at("removing-what").textContent = `${number(own.yes + own.no)} documents are answered for it.`;
  openDialog(removing, own, `Remove ${own.class}?`);
}

load();
