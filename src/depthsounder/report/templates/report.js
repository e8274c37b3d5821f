"use strict";
// The page is complete without this script: it adds copying, arriving, the current chapter, and open details in print.
for (const button of document.querySelectorAll(".copy")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
function arrive(fragment) {
  const place = document.getElementById(fragment.slice(1));
  if (place) address.goTo(place);
}
// On the way back and after a reload the browser knows where the reader was.
if (performance.getEntriesByType("navigation")[0]?.type === "navigate") addEventListener("load", () => arrive(location.hash));
addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href^='#']");
  if (link) requestAnimationFrame(() => arrive(link.hash));
});
const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
for (const section of document.querySelectorAll("main > section")) watch.observe(section);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open], .chip details)")) {
    details.open = true;
    details.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const details of document.querySelectorAll("details[data-printed]")) {
    details.open = false;
    delete details.dataset.printed;
  }
});
