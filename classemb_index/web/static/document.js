// A document's page: its answer, and the words that speak for a class.
import { alarm, at, get, marked } from "./api.js";
import { answering } from "./card.js";

const place = at("answering");
const speaking = at("speaking");
const method = at("method");
const text = at("text");
const id = place.dataset.id;
let whole = ""; // as the server has it: a parsed page lacks some control characters, and marks count them
const classes = [...speaking.options].slice(1).map((option) => option.value);

async function mark() {
  const name = speaking.value;
  method.textContent = name ? "One moment …" : "";
  if (!name) {
    text.textContent = whole;
    return;
  }
  try {
    const why = await get("/api/explain", { id, class: name });
    if (speaking.value !== name) return;
    text.replaceChildren(marked(whole, why.marks));
    const cut = why.is_whole ? "" : " The text is too long to be looked at to its end.";
    method.textContent = why.marks.length ? why.method + cut : `No word of this text speaks for ${name}.${cut}`;
  } catch (refused) {
    if (speaking.value === name) method.textContent = refused.message;
  }
}

speaking.addEventListener("change", mark);
get("/api/document", { id }).then((known) => {
  whole = known.text;
  mark();
  place.replaceChildren(answering({ ...known, notes: 0 }, "", classes, () => location.reload()));
  place.querySelector("details").open = true;
}, (refused) => alarm(refused.message));
