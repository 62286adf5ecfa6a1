// Where the application lies; below any prefix that a proxy puts in front.

export const BASE = new URL("../../", import.meta.url).href;
