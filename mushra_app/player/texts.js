// What listeners read, in the language of the study.

export async function texts(language) {
  const response = await fetch(new URL(`texts.${language}.json`, import.meta.url));
  if (!response.ok) throw new Error(`texts not available (${response.status})`);
  const all = await response.json();
  return (key, values = {}) => {
    if (!(key in all)) throw new Error(`no text ${key}`);
    return all[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
}

// "A", "A and B", "A, B and C".
export function listed(names, t) {
  return names.length > 1 ? t("and", { first: names.slice(0, -1).join(t("comma")), last: names.at(-1) }) : names[0];
}
