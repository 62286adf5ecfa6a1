// @ts-check
// Helpers that build elements; text is always added as text, never as markup.

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} attributes
 * @param {...(Node | string)} children
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

const WARNING = "M12 2 1 21h22zm1 15h-2v-2h2zm0-4h-2V9h2z";
const SHAPES = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z",
  stop: "M6 6h12v12H6z",
  repeat: "M7 7h9v3l5-4.5L16 1v3H4v8h3zM17 17H8v-3l-5 4.5L8 23v-3h12v-8h-3z",
  saved: "M9.5 16.2 5.3 12l-1.6 1.6 5.8 5.8L21 7.9l-1.6-1.6z",
  menu: "M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z",
  saving: "M5 11h3v3H5zM10.5 11h3v3h-3zM16 11h3v3h-3z",
  retrying: WARNING,
  conflict: WARNING,
  lost: WARNING,
  refused: WARNING,
};

/** @typedef {keyof typeof SHAPES} Shape */

/** @param {Shape} shape */
export function icon(shape) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[shape]);
  svg.append(path);
  return svg;
}

/**
 * @param {string} label
 * @param {Record<string, unknown>} attributes
 * @param {Shape | null} shape
 */
export function button(label, attributes = {}, shape = null) {
  const text = el("span", {}, label);
  return el("button", { type: "button", ...attributes }, ...(shape ? [icon(shape)] : []), text);
}

/**
 * @param {HTMLElement} element
 * @param {string} label
 * @param {Shape | null} shape
 */
export function relabel(element, label, shape = null) {
  element.replaceChildren(...(shape ? [icon(shape)] : []), el("span", {}, label));
}
