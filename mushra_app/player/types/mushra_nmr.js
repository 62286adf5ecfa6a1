// @ts-check
// Sliders of MUSHRA without a mentioned reference.

export { open } from "./mushra.js";
