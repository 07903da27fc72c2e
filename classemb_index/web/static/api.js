// Calls of the server, what is said to the reader, and parts of a page. Shared by all pages.

const csrf = document.querySelector('meta[name="csrf"]').content;

/** What the server would not do, in its own words. `status` 0: it was not reached. */
export class Refused extends Error {
  constructor(message, status, body = {}) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Refused("The server is not there.", 0);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.error ?? `The server said ${response.status}.`, response.status, body);
  return body;
}

/** A path with parameters; empty ones are left out. */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const words = new URLSearchParams(given).toString();
  return words ? `${path}?${words}` : path;
}

/** JSON of a path with parameters. */
export function get(path, query = {}, options = {}) {
  return call(address(path, query), options);
}

export function post(path, body = {}, options = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRF": csrf };
  return call(path, { method: "POST", headers, body: JSON.stringify(body), ...options });
}

export const at = (id) => document.getElementById(id);

export const number = (n) => n.toLocaleString("en");

export const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

/** Speak a sentence to screen readers. */
export function say(text) {
  const place = at("said");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}

/** Show a sentence in its place; an empty one hides the place. */
export function tell(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

/** Show what is wrong until `calm()`. */
export const alarm = (text) => tell(at("alarm"), text);
export const calm = () => tell(at("alarm"), "");

/** Where the page of a document is. */
export const documentUrl = (id) => address("/document", { id });

/** An element with text or children; attributes as given, `on` for listeners. Text is never markup. */
export function element(name, { on = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Text with the parts [start, end) of `marks` in <mark>; offsets count Unicode code points. */
export function marked(text, marks) {
  const characters = Array.from(text);
  const made = document.createDocumentFragment();
  let at = 0;
  for (const [start, end] of marks) {
    if (start > at) made.append(characters.slice(at, start).join(""));
    made.append(element("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  made.append(characters.slice(at).join(""));
  return made;
}
