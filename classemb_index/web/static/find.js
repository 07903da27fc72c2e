// The page Find: what is searched for stands in the address; results come ten at a time.
import { address, at, documentUrl, element, get, number, say, tell } from "./api.js";
import { card, explain, hasReason } from "./card.js";

const form = at("search");
const fields = { class: form.elements.class, text: form.elements.text, like: form.elements.like, state: form.elements.state };
const place = at("found");
const heading = at("heading");
const method = at("method");
const wrong = at("wrong");
const more = at("more");
const AT_ONCE = 2; // explanations
const UNANSWERED = "unanswered"; // the state where none is named

let current = null; // the search whose results are shown: its words, version, ids, and what stops it
const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
  seen.unobserve(entry.target);
  current?.waiting.push(entry.target);
  explainNext(current);
}), { rootMargin: "200px" });

const wanted = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));

/** Put what the address says into the form. */
function restore() {
  const given = new URLSearchParams(location.search);
  for (const [name, field] of Object.entries(fields)) field.value = given.get(name) ?? (name === "state" ? UNANSWERED : "");
  const named = given.get("class");
  if (named && !fields.class.value) { // an earlier name, which the server still understands, or none
    fields.class.append(element("option", { value: named }, named));
    fields.class.value = named;
  }
  fields.state.value ||= UNANSWERED;
}

function describeForm() {
  const liking = at("liking");
  liking.hidden = !fields.like.value || Boolean(fields.text.value.trim());
  for (const option of fields.state.options) {
    option.disabled = option.dataset.ofClass === "true" && !fields.class.value;
  }
  if (fields.state.selectedOptions[0]?.disabled) fields.state.value = UNANSWERED;
  if (liking.hidden) return;
  const liked = at("liked");
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
  return `${what}, ${state === "all" ? "all documents" : state}${of}: ${number(n)}`;
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
    tell(wrong, "");
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
    tell(wrong, refused.message);
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

/** Search for what the form says, and keep it in the address. */
function go() {
  const asked = wanted();
  history.pushState(null, "", address("/find", { ...asked, state: asked.state === UNANSWERED ? "" : asked.state }));
  search();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  go();
});
fields.class.addEventListener("change", () => { describeForm(); go(); });
fields.state.addEventListener("change", go);
at("unlike").addEventListener("click", () => {
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
