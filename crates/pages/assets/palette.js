// @ts-check
// Ctrl K: what has a name is found while it is typed, and gone to by arrow keys and Enter.

const dialog = document.querySelector("dialog.palette");
const bar = document.querySelector("form.find");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const told = dialog?.querySelector("[role=status]");
const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);

if (dialog instanceof HTMLDialogElement && bar instanceof HTMLFormElement && input && list && told) {
  const asked = bar.querySelector("input");
  const key = bar.querySelector("kbd");
  if (isMac && key) key.textContent = "⌘K";
  /** What the list was found for; the chosen one of it; and what is still to come. */
  let shown = "", at = 0, coming = new AbortController(), typing = 0;

  const hits = () => /** @type {HTMLAnchorElement[]} */ ([...list.querySelectorAll("[role=option]")]);

  /** @param {number} next */
  const choose = (next) => {
    const all = hits();
    at = all.length ? (next + all.length) % all.length : 0;
    all.forEach((hit, index) => hit.setAttribute("aria-selected", String(index === at)));
    const chosen = all[at];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
    else input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(all.length > 0));
  };

  const find = async () => {
    coming.abort();
    coming = new AbortController();
    const query = input.value;
    const address = `${dialog.dataset.found}?q=${encodeURIComponent(query)}`;
    const answer = await fetch(address, { redirect: "error", signal: coming.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-said]");
    if (!(found instanceof HTMLElement) || query !== input.value) return;
    list.replaceChildren(...found.childNodes);
    told.textContent = found.dataset.said ?? "";
    shown = query;
    choose(0);
  };
  const look = () => find().catch((error) => {
    if (error.name === "AbortError") return;
    list.replaceChildren();
    choose(0);
    told.textContent = "There is no answer. Sign in again, or try later.";
  });

  const open = () => {
    if (dialog.open) return;
    input.value = asked?.value ?? "";
    dialog.showModal();
    input.select();
    look();
  };

  bar.addEventListener("submit", (event) => { event.preventDefault(); open(); });
  asked?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(isMac ? event.metaKey : event.ctrlKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });

  input.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 100); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key !== "Enter" || shown !== input.value || !hits()[at]) return;
    // Otherwise Enter sends the form, to the page that finds the same.
    else hits()[at]?.click();
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    const over = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    const index = hits().findIndex((hit) => hit === over);
    if (index >= 0 && index !== at) choose(index);
  });
  // Beside it.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
