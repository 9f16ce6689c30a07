// @ts-check
// Draws what a page shows of now as the server sends it; where it does not, by asking for the page every five
// seconds. Only while somebody looks at it: who has left is not kept signed in by this.

const live = document.querySelector("[data-live]");
const button = document.querySelector("[data-pause]");
const words = document.querySelector("[data-liveness]");
const ended = document.querySelector("[data-ended]");

if (live instanceof HTMLElement && button instanceof HTMLButtonElement && words && ended instanceof HTMLElement) {
  const REST = 30 * 60 * 1000;
  /** @type {EventSource | undefined} */
  let source;
  let isPaused = false, isOver = false, isLost = false, used = Date.now(), asking = 0;

  // An element of the part, wherever it stands: what it is, and the how manyth of those that are just that.
  /** @param {ParentNode} root */
  const known = (root) => {
    /** @type {Map<string, Element>} */
    const found = new Map();
    const counts = new Map();
    for (const one of root.querySelectorAll("a, button, summary, input, select")) {
      const is = `${one.tagName} ${one.getAttribute("href") ?? one.textContent}`;
      const count = counts.get(is) ?? 0;
      counts.set(is, count + 1);
      found.set(`${is} ${count}`, one);
    }
    return found;
  };
  /**
   * @param {Map<string, Element>} map
   * @param {(one: Element) => boolean} wanted
   */
  const names = (map, wanted) => [...map].filter(([, one]) => wanted(one)).map(([name]) => name);

  /** @param {ParentNode} next */
  const show = (next) => {
    const selection = getSelection();
    if (selection && !selection.isCollapsed && live.contains(selection.anchorNode)) return;
    const [before, after] = [known(live), known(next)];
    const [focused] = names(before, (one) => one === document.activeElement);
    // What is in use and is not there any more stays until it is left.
    if (live.contains(document.activeElement) && !(focused && after.has(focused))) return;
    for (const name of names(before, (one) => one.parentElement instanceof HTMLDetailsElement && one.parentElement.open)) {
      after.get(name)?.parentElement?.setAttribute("open", "");
    }
    const [x, y] = [scrollX, scrollY];
    live.replaceChildren(...next.childNodes);
    const again = focused && after.get(focused);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    if (x !== scrollX || y !== scrollY) scrollTo({ left: x, top: y, behavior: "instant" });
  };
  /** @param {string} text */
  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

  /** @param {boolean} is */
  const connected = (is) => {
    if (isLost !== is) return;
    isLost = !is;
    follow();
  };
  const lost = () => connected(false);

  const over = () => { isOver = true; ended.hidden = false; follow(); };

  const ask = async () => {
    if (!mayFollow()) return;
    const answer = await fetch(location.href, { redirect: "manual" });
    connected(true);
    if (answer.type === "opaqueredirect") return over();
    const next = answer.ok && parsed(await answer.text()).querySelector("[data-live]");
    if (next && !isPaused) show(next);
  };

  const mayFollow = () => !isPaused && !isOver && !document.hidden && Date.now() - used < REST;

  const follow = () => {
    button.hidden = isOver;
    button.textContent = isPaused ? "Go on" : "Pause";
    words.textContent = isOver ? "Ended" : isPaused ? "Paused" : isLost ? "Not connected" : asking ? "Every five seconds" : "Live";
    if (!mayFollow()) {
      source?.close();
      source = undefined;
      return;
    }
    if (source || asking) return;
    source = new EventSource(live.dataset.live ?? "");
    source.onopen = () => connected(true);
    source.onmessage = (event) => show(parsed(event.data).body);
    source.addEventListener("end", over);
    source.onerror = () => {
      // One that is only broken is opened again by the browser.
      if (source?.readyState !== EventSource.CLOSED) return lost();
      source = undefined;
      asking = setInterval(() => { ask().catch(lost); }, 5000);
      // Later there may be room.
      setTimeout(() => { clearInterval(asking); asking = 0; follow(); }, 60_000);
      ask().catch(lost);
      follow();
    };
  };

  button.addEventListener("click", () => { isPaused = !isPaused; follow(); });
  document.addEventListener("visibilitychange", follow);
  for (const kind of ["pointermove", "keydown"]) {
    addEventListener(kind, () => {
      const wasAway = Date.now() - used >= REST;
      used = Date.now();
      if (wasAway) follow();
    }, { passive: true });
  }
  addEventListener("pagehide", () => { source?.close(); source = undefined; });
  addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  setInterval(follow, 60_000);
  follow();
}
