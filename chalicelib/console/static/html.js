// How pages are written: htm's templates over preact, as they come from npm.

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

export { render } from "./vendor/preact.js";
export * from "./vendor/hooks.js";
export const html = htm.bind(h);
