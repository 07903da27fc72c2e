// How labels grow, when to stop, and the map. What takes time is asked for until it is there.
import { alarm, at, documentUrl, element, get, number, pause, tell } from "./api.js";
import { table } from "./table.js";

const version = Number(at("labels").dataset.version);
const share = (figure) => `${figure.value.toFixed(2)} (${figure.low.toFixed(2)} to ${figure.high.toFixed(2)})`;
const signed = (gain) => `+${gain.toFixed(3)}`;

/** The root of a drawing, as nodes of this page: it is read as XML and never as HTML. */
function drawing(svg) {
  const read = new DOMParser().parseFromString(svg, "image/svg+xml");
  return document.importNode(read.documentElement, true);
}

/** Ask for a figure until it is of the labels that the page was loaded with, or of later ones. */
async function figure(name, state, show) {
  for (let wait = 300; ; wait = Math.min(wait * 1.5, 3000)) {
    let found;
    try {
      found = await get(`/api/progress/${name}`);
    } catch (refused) {
      state.textContent = refused.message;
      return;
    }
    if (found.error) {
      state.textContent = found.error;
      return;
    }
    const isThere = found.is_current || (found.version ?? -1) >= version;
    if (found.value !== null) show(found.value);
    if (isThere) return;
    const part = found.total ? ` (${found.done} of ${found.total})` : "";
    tell(state, `Being computed${part} …`);
    await pause(wait);
  }
}

function showPeople({ days, people }) {
  tell(at("people-state"), people.length ? "" : "Nobody has answered yet.");
  const written = days.map((day) => new Date(`${day}T00:00`).toLocaleDateString([], { day: "numeric", month: "short" }));
  const heads = [{ name: "who" }, ...[...written, "in all"].map((name) => ({ name, number: true }))];
  const rows = people.map((own) => [own.name || "nobody by name", ...own.answered.map((n) => n || ""), own.in_all]);
  at("people").replaceChildren(table("Documents answered by each person", heads, rows));
}

function showCurves({ panels }) {
  tell(at("curves-state"), panels.length ? "" : "Curves begin with the first answer.");
  at("panels").replaceChildren(...panels.map(({ class: name, svg, points }) => {
    const rows = points.map((point) => [
      point.at ? new Date(point.at).toLocaleDateString() : "source", point.labelled, point.positives, point.f1 ? share(point.f1) : "–"]);
    const heads = [{ name: "day" }, { name: "labelled", number: true }, { name: "positives", number: true }, { name: "F1", number: true }];
    return element("figure", {}, element("figcaption", { dir: "auto" }, name), drawing(svg),
      element("details", {}, element("summary", {}, "Numbers"), element("div", { class: "scroll" }, table("", heads, rows))));
  }));
}

function showOutlook({ stopping, agreement }) {
  at("stopping").textContent = `${stopping.stop ? "You can stop" : "Go on"}: ${stopping.why}.`;
  tell(at("agreement-state"), agreement.length ? "" : "No two people have answered the same document yet. --overlap 0.1 hands every tenth document out twice.");
  const heads = [{ name: "class" }, { name: "documents", number: true }, { name: "answers to compare", number: true },
    { name: "the same", number: true }, { name: "Krippendorff’s alpha", number: true }];
  const rows = agreement.map((own) => [own.class ?? "all classes", own.documents, own.cells, own.agreed,
    own.alpha === null ? "–" : own.alpha.toFixed(2)]);
  at("agreement").replaceChildren(table("Documents that several people answered", heads, rows));
}

function showGains(gains) {
  tell(at("gains-state"), gains.length ? "" : "A class has a curve from four positives and four negatives on.");
  const heads = [{ name: "class" }, { name: "F1 now", number: true }, { name: "gain, with its 95 % interval", number: true }];
  const rows = gains.map((own) => [own.class ?? "mean of these classes", own.f1.at(-1).toFixed(2),
    `${signed(own.gain)} (${signed(own.low)} to ${signed(own.high)})`]);
  at("gains").replaceChildren(table("From learning curves of the labels so far", heads, rows));
}

const coloured = at("coloured");
let asked = 0;

async function showMap() {
  const turn = ++asked;
  try {
    const found = await get("/api/progress/map", { name: coloured.value });
    if (turn !== asked) return;
    const of = found.shown < found.documents ? `, of ${number(found.documents)} a part drawn by chance and the labelled ones` : "";
    at("map-words").textContent = `${found.words}${of}. The two directions hold ${Math.round(100 * found.explained)} % of the differences.`;
    at("has").textContent = coloured.value ? "has the class" : "answered";
    at("drawn").replaceChildren(drawing(found.svg));
    at("listed").replaceChildren(
      ...found.listed.map(({ id, title, has }) => element("li", {},
        coloured.value ? element("span", { class: has ? "chip yes" : "chip no" }, has ? "yes" : "no") : null, " ",
        element("a", { href: documentUrl(id), dir: "auto" }, title || id))),
      found.more ? element("li", { class: "soft" }, `and ${number(found.more)} more`) : "");
  } catch (refused) {
    if (turn === asked) alarm(refused.message);
  }
}

coloured.addEventListener("change", showMap);
figure("people", at("people-state"), showPeople);
figure("curves", at("curves-state"), showCurves);
figure("outlook", at("stopping"), showOutlook);
figure("gains", at("gains-state"), showGains);
showMap();
