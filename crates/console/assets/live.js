// @ts-check
// Draws what a page shows of now again every five seconds, while somebody looks at it and nothing in it is in use.

const live = document.querySelector("[data-live]");
// Who has left is not kept signed in by this.
const REST = 30 * 60 * 1000;
let used = Date.now();
for (const kind of ["pointermove", "keydown"]) addEventListener(kind, () => { used = Date.now(); }, { passive: true });

async function renew() {
  if (!live || document.hidden || Date.now() - used > REST || live.contains(document.activeElement) || live.querySelector("details[open]")) return;
  const answer = await fetch(location.href, { redirect: "error" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("[data-live]");
  if (next) live.replaceChildren(...next.childNodes);
}

if (live) setInterval(() => { renew().catch(() => {}); }, 5000);
