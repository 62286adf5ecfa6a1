// @ts-check
// MUSHRA: a reference, and a slider for every version.

import { Board } from "../board.js";
import { listen } from "../listening.js";

/** @import { Screen } from "../screen.js" */

/** @param {Screen} screen */
export const open = (screen) => listen(screen, (listening) => new Board(listening));
