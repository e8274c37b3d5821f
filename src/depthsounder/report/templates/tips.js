"use strict";
// One tooltip for all that is explained: words of the glossary, and links to cells. It appears under the pointer and on
// focus alike, stays while the pointer is on it, and leaves on Escape. Within a drawing the arrow keys go from cell to cell.
const tipTexts = { word: (link) => meaning(link.hash.slice(1)) };

// What a definition of the glossary says, or a row of the tables of names: its words, and its formula if it has one.
function meaning(id) {
  const defined = document.getElementById(id);
  const [name, words] = [...defined.children].map((part) => part.textContent);
  if (!defined.matches("tr")) return `${name}: ${words}`;
  const formulas = [...defined.querySelectorAll("[data-formula-of]")];
  const equations = formulas.map((formula) => `${formula.dataset.formulaOf} = ${formula.textContent}`);
  return `${name}: ${[words, ...equations].filter((text) => !text.endsWith("–")).join("; ")}`;
}

(() => {
const EXPLAINED = "a.word, a.cell";
const tip = document.createElement("div");
tip.id = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);
let owner = null, leaving = 0;

function show(link) {
  clearTimeout(leaving);
  if (owner === link) return;
  hide();
  const text = tipTexts[link.classList.contains("word") ? "word" : "cell"]?.(link);
  if (!text) return;
  owner = link;
  tip.textContent = text;
  tip.hidden = false;
  link.setAttribute("aria-describedby", "tip");
  put();
}

function put() {
  const place = owner.getBoundingClientRect(), size = tip.getBoundingClientRect();
  const above = place.top - size.height - 6;
  tip.style.left = `${Math.max(8, Math.min(place.left, document.documentElement.clientWidth - size.width - 8))}px`;
  tip.style.top = `${above > 0 ? above : place.bottom + 6}px`;
}

function hide() {
  clearTimeout(leaving);
  owner?.removeAttribute("aria-describedby");
  owner = null;
  tip.hidden = true;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(hide, 150);
}

document.addEventListener("mouseover", ({ target }) => {
  const link = target.closest(EXPLAINED);
  if (link) show(link);
  else if (target === tip) clearTimeout(leaving);
  else if (owner && owner !== document.activeElement) leave();
});
document.addEventListener("focusin", ({ target }) => target.closest(EXPLAINED) ? show(target.closest(EXPLAINED)) : hide());
document.addEventListener("focusout", leave);
// A link that is pointed at, or that focus brought into sight, may move while the page still scrolls: its tip goes along.
document.addEventListener("scroll", () => owner?.matches(":hover, :focus") ? put() : hide(), { passive: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
  const link = event.target.closest?.("svg a.cell"), way = WAYS[event.key];
  if (!link || !way) return;
  const next = nearest(link, way);
  if (!next) return;
  event.preventDefault();
  link.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function middle(link) {
  const { x, y, width, height } = link.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}

// The nearest cell on a way; what lies aside of it counts as farther.
function nearest(link, [right, down]) {
  const [x, y] = middle(link);
  let best = null, least = Infinity;
  for (const other of link.closest("svg").querySelectorAll("a.cell")) {
    const [dx, dy] = middle(other).map((value, axis) => value - [x, y][axis]);
    const along = dx * right + dy * down, aside = Math.abs(dx * down) + Math.abs(dy * right);
    if (other === link || along < 1) continue;
    if (along + 3 * aside < least) [best, least] = [other, along + 3 * aside];
  }
  return best;
}
})();
