// The page Find: what is searched for stands in the address; results come ten at a time.
import { documentUrl, element, get, say } from "./api.js";
import { card, explain, hasReason } from "./card.js";

const form = document.getElementById("search");
const fields = { class: form.elements.class, text: form.elements.text, like: form.elements.like, state: form.elements.state };
const place = document.getElementById("found");
const heading = document.getElementById("heading");
const method = document.getElementById("method");
const wrong = document.getElementById("wrong");
const more = document.getElementById("more");
const AT_ONCE = 2; // explanations

let current = null; // the search whose results are shown: its words, version, ids, and what stops it
const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
  seen.unobserve(entry.target);
  current?.waiting.push(entry.target);
  explainNext(current);
}), { rootMargin: "200px" });

const wanted = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));

function address(search) {
  const given = Object.entries(search).filter(([name, value]) => value && !(name === "state" && value === "unanswered"));
  const words = new URLSearchParams(given).toString();
  return words ? `/find?${words}` : "/find";
}

/** Put what the address says into the form. */
function restore() {
  const given = new URLSearchParams(location.search);
  for (const [name, field] of Object.entries(fields)) field.value = given.get(name) ?? (name === "state" ? "unanswered" : "");
  const named = given.get("class");
  if (named && !fields.class.value) { // an earlier name, which the server still understands, or none
    fields.class.append(element("option", { value: named }, named));
    fields.class.value = named;
  }
  fields.state.value ||= "unanswered";
}

function describeForm() {
  const liking = document.getElementById("liking");
  liking.hidden = !fields.like.value || Boolean(fields.text.value.trim());
  for (const option of fields.state.options) {
    option.disabled = option.dataset.ofClass === "true" && !fields.class.value;
  }
  if (fields.state.selectedOptions[0]?.disabled) fields.state.value = "unanswered";
  if (liking.hidden) return;
  const liked = document.getElementById("liked");
  liked.href = documentUrl(fields.like.value);
  if (liked.dataset.id === fields.like.value) return;
  liked.dataset.id = fields.like.value;
  liked.textContent = fields.like.value;
  get("/api/document", { id: fields.like.value }).then((known) => { liked.textContent = known.title || known.id; }, () => {});
}

function words(search, by, n) {
  const what = { text: `Most like “${search.text.trim()}”`, like: "Most like that document", class: `For ${search.class}`, order: "In the pool’s order" }[by];
  const state = fields.state.selectedOptions[0].textContent.trim();
  const of = search.class && by !== "class" ? ` for ${search.class}` : "";
  return `${what}, ${state === "all" ? "all documents" : state}${of}: ${n.toLocaleString("en")}`;
}

async function search() {
  current?.stop.abort();
  describeForm();
  const own = { asked: wanted(), ids: new Set(), offset: 0, waiting: [], running: 0, stop: new AbortController() };
  current = own;
  seen.disconnect();
  place.setAttribute("aria-busy", "true");
  more.hidden = true;
  await load(own, true);
}

async function load(own, isFirst) {
  more.disabled = true;
  try {
    const found = await get("/api/find", { ...own.asked, offset: own.offset, version: own.version }, { signal: own.stop.signal });
    if (own !== current) return;
    wrong.hidden = true;
    if (isFirst) {
      place.replaceChildren();
      heading.textContent = words(own.asked, found.by, found.n);
      method.textContent = "";
    }
    own.version = found.version;
    own.offset += found.documents.length;
    const fresh = found.documents.filter((one) => !own.ids.has(one.id));
    for (const one of fresh) {
      own.ids.add(one.id);
      const article = card(one, { ...own.asked, class: found.class }, found.classes);
      article.found = one;
      place.append(article);
      if (hasReason(own.asked)) seen.observe(article);
    }
    more.hidden = own.offset >= found.n;
    say(found.n ? `${own.offset} of ${found.n} documents are shown.` : "No document is in this state.");
    if (!isFirst && fresh.length) place.children[place.children.length - fresh.length].querySelector("a").focus();
  } catch (refused) {
    if (refused.name === "AbortError" || own !== current) return;
    if (isFirst) {
      place.replaceChildren();
      heading.textContent = "Nothing was found";
      method.textContent = "";
    }
    wrong.textContent = refused.message;
    wrong.hidden = false;
  } finally {
    if (own === current) {
      more.disabled = false;
      place.removeAttribute("aria-busy");
    }
  }
}

/** Passages are found for the cards that are in sight, two at a time; where there are none, the beginning stays. */
async function explainNext(own) {
  if (!own || own !== current || own.running >= AT_ONCE || !own.waiting.length) return;
  const article = own.waiting.shift();
  own.running += 1;
  try {
    const said = await explain(article, article.found, own.asked, { signal: own.stop.signal });
    if (own === current) method.textContent = said;
  } catch (refused) {
    if (own === current && refused.name !== "AbortError") {
      method.textContent = refused.message;
      own.waiting = [];
      seen.disconnect();
    }
  } finally {
    own.running -= 1;
    explainNext(own);
  }
}

function go() {
  history.pushState(null, "", address(wanted()));
  search();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go();
});
fields.class.addEventListener("change", () => { describeForm(); go(); });
fields.state.addEventListener("change", go);
document.getElementById("unlike").addEventListener("click", () => {
  fields.like.value = "";
  go();
  fields.text.focus();
});
window.addEventListener("popstate", () => {
  restore();
  search();
});
more.addEventListener("click", () => current && load(current, false));

restore();
search();
