// @ts-check
// Texts that listeners read, in the language of the study.

/** @import { Translate } from "./shapes.js" */

/**
 * @param {string} language
 * @returns {Promise<Translate>}
 */
export async function texts(language) {
  const response = await fetch(new URL(`texts.${language}.json`, import.meta.url));
  if (!response.ok) throw new Error(`texts not available (${response.status})`);
  /** @type {Record<string, string>} */
  const all = await response.json();
  return (key, values = {}) => {
    if (!(key in all)) throw new Error(`no text ${key}`);
    return all[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
}

/**
 * Returns "A", "A and B", or "A, B and C".
 * @param {string[]} names
 * @param {Translate} t
 */
export function listed(names, t) {
  return names.length > 1 ? t("and", { first: names.slice(0, -1).join(t("comma")), last: names.at(-1) }) : names[0];
}
