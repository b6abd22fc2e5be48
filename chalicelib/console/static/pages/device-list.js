// What several pages say of a device.

import { html } from "../html.js";
import { State } from "../parts.js";

/** The states of devices that are not there: the API tells those that never were apart. */
export const NOT_ONLINE = "OFFLINE,REGISTERED";

/** Letters that are there, and show nothing. */
const BLANK = /^[\s\u115f\u1160\u200c\u200d\u2800\u3164\ufe0f\uffa0]*$/;

export const named = (device) => (BLANK.test(device.name ?? "") ? device.id : device.name);

export const interfaces = (device) => device.interfaces ?? [];

export const lastContact = (device) => interfaces(device).map((one) => one.lastContact).filter(Boolean).sort().at(-1);

/** The state of each interface of a device. */
export const Interfaces = ({ of }) => html`<span class="states">${interfaces(of).map((one) => html`<${State} is=${one.status}>${one.connector} ${one.status}</${State}>`)}</span>`;
