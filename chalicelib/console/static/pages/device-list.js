// What several pages say of a device.

import { html } from "../html.js";
import { State } from "../parts.js";

/** The states of devices that are not there: the API tells those that never were apart. */
export const NOT_ONLINE = "OFFLINE,REGISTERED";

export const named = (device) => device.name || device.id;

export const interfaces = (device) => device.interfaces ?? [];

export const lastContact = (device) => interfaces(device).map((one) => one.lastContact).filter(Boolean).sort().at(-1);

/** The state of each interface of a device. */
export const Interfaces = ({ of }) => html`<span class="states">${interfaces(of).map((one) => html`<${State} is=${one.status}>${one.connector} ${one.status}</${State}>`)}</span>`;
