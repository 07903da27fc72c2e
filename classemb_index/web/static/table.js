// Tables of numbers.
import { element } from "./api.js";

/** A table of rows of cells, nothing of no rows; a number is aligned as one, and on narrow screens its head stands beside it. */
export function table(caption, heads, rows, { wide = false } = {}) {
  if (!rows.length) return "";
  const row = (cells) => element("tr", {}, ...cells.map((cell, i) => i === 0
    ? element("th", { scope: "row", dir: "auto" }, cell)
    : element("td", { class: typeof cell === "number" || heads[i].number ? "number" : "", dir: "auto", "data-label": heads[i].name }, String(cell))));
  return element("table", { class: wide ? "wide" : "" },
    caption ? element("caption", {}, caption) : null,
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col", class: head.number ? "number" : "" }, head.name)))),
    element("tbody", {}, ...rows.map(row)));
}
