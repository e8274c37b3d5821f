"use strict";
// The page's address keeps what was chosen, in fields of its own for each part of the page: cell and against are the
// explorer's, lab is the laboratory's.
const address = {
  read() {
    // Some mail programs encode slashes; nothing else in the names could be.
    const text = location.hash.slice(1).replaceAll(/%2f/gi, "/");
    return new Map(text.split("&").map((field) => field.split("=")).filter(([name]) => ["cell", "against", "lab"].includes(name)));
  },
  // Sets fields, or takes away those that are undefined; what others keep stays.
  keep(changes) {
    const fields = address.read();
    for (const [name, value] of Object.entries(changes)) value === undefined ? fields.delete(name) : fields.set(name, value);
    history.replaceState(null, "", `#${[...fields].map((field) => field.join("=")).join("&")}`);
  },
};
