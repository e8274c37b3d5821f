"use strict";
// What the page's address keeps: cell and against for the explorer, lab for the laboratory; and how a place is gone to.
const address = {
  leave() {},
  // Figures have a guessed height until they are near, and the laboratory fills itself: while the page grows, and until the
  // reader moves, what was gone to stays in view.
  goTo(place) {
    address.leave();
    const ended = new AbortController(), { signal } = ended, stay = () => signal.aborted || place.scrollIntoView();
    const growth = new ResizeObserver(() => requestAnimationFrame(stay));
    address.leave = () => ended.abort();
    signal.addEventListener("abort", () => growth.disconnect());
    for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, address.leave, { signal, passive: true });
    setTimeout(address.leave, 1500);
    growth.observe(document.body);
    stay();
  },
  read() {
    // Some mail programs encode slashes; nothing else in the names could be.
    const text = location.hash.slice(1).replaceAll(/%2f/gi, "/");
    return new Map(text.split("&").map((field) => field.split("=")).filter(([name]) => ["cell", "against", "lab"].includes(name)));
  },
  // What is undefined goes; what others keep stays.
  keep(changes) {
    const fields = address.read();
    for (const [name, value] of Object.entries(changes)) value === undefined ? fields.delete(name) : fields.set(name, value);
    history.replaceState(null, "", `#${[...fields].map((field) => field.join("=")).join("&")}`);
  },
};
