// A tab has a name of its own: the server gives other documents to other tabs. A reload keeps it; a copy of
// the tab, which brings the name along, hears that it is taken.

export const tab = await (async () => {
  const own = sessionStorage.getItem("tab");
  const me = String(Math.random());
  const channel = new BroadcastChannel("tabs");
  const isTaken = own && await new Promise((done) => {
    channel.onmessage = ({ data }) => data.taken === own && data.to === me && done(true);
    channel.postMessage({ asks: own, from: me });
    setTimeout(done, 60, false);
  });
  const name = own && !isTaken ? own : Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => b.toString(36)).join("");
  sessionStorage.setItem("tab", name);
  channel.onmessage = ({ data }) => data.asks === name && channel.postMessage({ taken: name, to: data.from });
  return name;
})();
