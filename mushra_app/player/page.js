// The sheets around the trial: whoever comes to a new one, hears or reads on from its heading.

let shown = null;

function follow() {
  // A trial has a heading of its own, and changes with every frame.
  if (document.querySelector(".trial")) { shown = null; return; }
  const heading = [...document.querySelectorAll(".sheet h1")].find((h) => h.offsetParent) ?? null;
  if (heading === shown) return;
  shown = heading;
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true, attributes: true });
