"use strict";
// What the page's address keeps: cell and against for the explorer, lab for the laboratory.
const address = {
  // Figures have a guessed height until they are near: what is gone to has its place after some frames.
  goTo(place, frames = 6) {
    place.scrollIntoView();
    if (frames) requestAnimationFrame(() => address.goTo(place, frames - 1));
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
