// @ts-check
// One field of a questionnaire: label, input, and a note on a missing or wrong answer.

import { el } from "./dom.js";

/** @import { Answer, Question, Translate } from "./shapes.js" */
/**
 * @typedef {object} Parts
 * @property {true} [group] true if several inputs share one label
 * @property {(HTMLInputElement | HTMLTextAreaElement)[]} inputs
 * @property {HTMLElement[]} elements
 * @property {() => Answer | null} read returns the answer, or null
 * @property {() => string | null} [wrong] returns a message on a wrong answer, or null
 */

/**
 * @param {Question} question
 * @param {any} value the saved answer, or null
 * @param {(value: Answer | null) => void} on called with every change; null is no answer
 * @param {Translate} t
 * @param {AbortSignal} signal
 */
export function field(question, value, on, t, signal) {
  /** @type {Record<Question["type"], (question: Question, value: any, t: Translate) => Parts>} */
  const make = { text: line, long_text: lines, number, choice: options, scale: options, choices: options };
  const parts = make[question.type](question, value, t);
  const note = el("p", { class: "wrong", id: `${question.name}-wrong` });
  const optional = question.optional ? [el("span", { class: "soft" }, ` ${t("optional")}`)] : [];
  const label = el(parts.group ? "legend" : "label", parts.group ? {} : { for: parts.inputs[0].id }, question.label, ...optional);
  const element = el(parts.group ? "fieldset" : "div", { class: "field" }, label, ...parts.elements, note);
  const missing = () => (parts.wrong?.() ?? (parts.read() === null && !question.optional ? t("field_missing") : null));
  const mark = (/** @type {string | null} */ message) => {
    note.textContent = message ?? "";
    parts.inputs.forEach((input) => {
      input.toggleAttribute("aria-invalid", Boolean(message));
      input.setAttribute("aria-describedby", note.id);
    });
  };
  parts.inputs.forEach((input) => input.addEventListener("input", () => {
    if (note.textContent) mark(missing());
    on(parts.read());
  }, { signal }));
  return {
    element,
    label: question.label,
    /** Marks the field; returns the message on what is missing, or null. */
    missing: () => { const message = missing(); mark(message); return message; },
    focus: () => (parts.inputs.find((input) => "checked" in input && input.checked) ?? parts.inputs[0]).focus(),
  };
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string | null} value
 * @returns {Parts}
 */
function typed(input, value) {
  input.value = value ?? "";
  return { inputs: [input], elements: [input], read: () => (input.value.trim() ? input.value : null) };
}

/**
 * @param {Question} question
 * @param {string | null} value
 */
function line({ name, longest }, value) {
  return typed(el("input", { type: "text", id: name, maxlength: longest, autocomplete: "off" }), value);
}

/**
 * @param {Question} question
 * @param {string | null} value
 */
function lines({ name, longest }, value) {
  return typed(el("textarea", { id: name, rows: 4, maxlength: longest }), value);
}

/**
 * @param {Question} question
 * @param {number | null} value
 * @param {Translate} t
 * @returns {Parts}
 */
function number({ name, min, max }, value, t) {
  const input = el("input", { type: "number", id: name, step: "any", inputmode: "decimal", autocomplete: "off" });
  input.value = String(value ?? "");
  const limits = { min: min ?? "", max: max ?? "" };
  const key = min === null ? (max === null ? null : "at_most") : max === null ? "at_least" : "from_to";
  const hint = key ? [el("span", { class: "soft" }, t(key, limits))] : [];
  const read = () => (input.value === "" || !Number.isFinite(input.valueAsNumber) ? null : input.valueAsNumber);
  const wrong = () => {
    const given = read();
    if (input.validity.badInput) return t("no_number");
    const outside = given !== null && ((min !== null && given < min) || (max !== null && given > max));
    return outside && key ? t("out_of_range", { range: t(key, limits) }) : null;
  };
  return { inputs: [input], elements: [el("div", { class: "with-hint" }, input, ...hint)], read, wrong };
}

/**
 * One of several options (choice), some of them (choices), or a point of a scale.
 * @param {Question} question
 * @param {any} value
 * @returns {Parts}
 */
function options({ name, type, options: all }, value) {
  const many = type === "choices", chosen = many ? value ?? [] : [value];
  const inputs = all.map((option, i) => {
    const input = el("input", { type: many ? "checkbox" : "radio", name, id: `${name}-${i}`, value: option });
    input.checked = chosen.includes(option);
    return input;
  });
  const rows = inputs.map((input, i) => el("label", { class: "answer", for: input.id }, input, el("span", {}, all[i])));
  const read = () => {
    const answers = inputs.filter((input) => input.checked).map((input) => input.value);
    return answers.length ? (many ? answers : answers[0]) : null;
  };
  return { group: true, inputs, elements: [el("div", { class: type === "scale" ? "options points" : "options" }, ...rows)], read };
}
