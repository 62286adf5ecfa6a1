// One field of a questionnaire: label, input, and what is wrong with it once somebody wants to go on.

import { el } from "./dom.js";

// question: as in the study file; value: what was saved; on(value) is told of every change, null
// being no answer. Returns {element, missing(), focus()}; missing() is what to say, or null.
export function field(question, value, on, t, signal) {
  const make = { text: line, long_text: lines, number, choice: options, scale: options, choices: options };
  const parts = make[question.type](question, value, t);
  const note = el("p", { class: "wrong", id: `${question.name}-wrong` });
  const optional = question.optional ? [el("span", { class: "soft" }, ` ${t("optional")}`)] : [];
  const label = el(parts.group ? "legend" : "label", parts.group ? {} : { for: parts.inputs[0].id }, question.label, ...optional);
  const element = el(parts.group ? "fieldset" : "div", { class: "field" }, label, ...parts.elements, note);
  const missing = () => (parts.wrong?.() ?? (parts.read() === null && !question.optional ? t("field_missing") : null));
  const say = (said) => {
    note.textContent = said ?? "";
    parts.inputs.forEach((input) => {
      input.toggleAttribute("aria-invalid", Boolean(said));
      input.setAttribute("aria-describedby", note.id);
    });
  };
  parts.inputs.forEach((input) => input.addEventListener("input", () => {
    if (note.textContent) say(missing());
    on(parts.read());
  }, { signal }));
  return {
    element,
    label: question.label,
    missing: () => { const said = missing(); say(said); return said; },
    focus: () => (parts.inputs.find((input) => input.checked) ?? parts.inputs[0]).focus(),
  };
}

function typed(input, value) {
  input.value = value ?? "";
  return { inputs: [input], elements: [input], read: () => (input.value.trim() ? input.value : null) };
}

function line({ name, longest }, value) {
  return typed(el("input", { type: "text", id: name, maxlength: longest, autocomplete: "off" }), value);
}

function lines({ name, longest }, value) {
  return typed(el("textarea", { id: name, rows: 4, maxlength: longest }), value);
}

function number({ name, min, max }, value, t) {
  const input = el("input", { type: "number", id: name, step: "any", inputmode: "decimal", autocomplete: "off" });
  input.value = value ?? "";
  const limits = { min: min ?? "", max: max ?? "" };
  const key = min === null ? (max === null ? null : "at_most") : max === null ? "at_least" : "from_to";
  const hint = key ? [el("span", { class: "soft" }, t(key, limits))] : [];
  const read = () => (input.value === "" || !Number.isFinite(input.valueAsNumber) ? null : input.valueAsNumber);
  const wrong = () => {
    const given = read();
    if (input.validity.badInput) return t("no_number");
    const outside = given !== null && ((min !== null && given < min) || (max !== null && given > max));
    return outside ? t("out_of_range", { range: t(key, limits) }) : null;
  };
  return { inputs: [input], elements: [el("div", { class: "with-hint" }, input, ...hint)], read, wrong };
}

// One of several (choice), some of several (choices), or a point of a scale.
function options({ name, type, options: all }, value) {
  const many = type === "choices", chosen = many ? value ?? [] : [value];
  const inputs = all.map((option, i) => {
    const input = el("input", { type: many ? "checkbox" : "radio", name, id: `${name}-${i}`, value: option });
    input.checked = chosen.includes(option);
    return input;
  });
  const rows = inputs.map((input, i) => el("label", { class: "answer", for: input.id }, input, el("span", {}, all[i])));
  const read = () => {
    const found = inputs.filter((input) => input.checked).map((input) => input.value);
    return found.length ? (many ? found : found[0]) : null;
  };
  return { group: true, inputs, elements: [el("div", { class: type === "scale" ? "options points" : "options" }, ...rows)], read };
}
