// The sliders of MUSHRA without a mentioned reference.

export { open } from "./mushra.js";
