// @ts-check
// A form is sent once, however often its button is pressed; and who leaves one half filled is asked.

/** @type {WeakSet<HTMLFormElement>} */
const changed = new WeakSet();

for (const form of document.querySelectorAll("form")) {
  if (form.method !== "post") continue;
  form.addEventListener("input", () => changed.add(form));
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    changed.delete(form);
    form.setAttribute("aria-busy", "true");
  });
}

// The page may come back from the history as it was left.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

addEventListener("beforeunload", (event) => {
  const dirty = [...document.querySelectorAll("form")].some((form) => changed.has(form));
  if (dirty) event.preventDefault();
});

// What is wrong is where the reader is.
const wrong = document.querySelector("[aria-invalid=true]");
if (wrong instanceof HTMLElement) wrong.focus();
