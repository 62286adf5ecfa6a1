// @ts-check
// Address of the application, with any prefix that a proxy adds.

export const BASE = new URL("../../", import.meta.url).href;
