// Where the devices are that have a location: the land in outline, and a mark for all that are close together.

import { html, useState } from "../html.js";
import { DEVICES, get } from "../api.js";
import { number } from "../format.js";
import { to } from "../location.js";
import { State, Table, Text, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { LAND } from "../vendor/land.js";
import { t } from "../words.js";
import { named, NOT_ONLINE } from "./device-list.js";

const SELDOM_MS = 5 * 60_000;
/** Of those that are online, and of the others. */
const MOST = 500;
/** Degrees: the least that a map is wide, and how many marks stand side by side on it. */
const NARROWEST = 30;
const SIDE_BY_SIDE = 40;

/** Nothing is asked for before it is opened. */
export function Places() {
  const [open, setOpen] = useState(false);
  return html`<details onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${t("map")}</summary>${open && html`<${Shown} />`}</details>`;
}

function Shown() {
  const found = usePolled(located, [], SELDOM_MS);
  const [chosen, setChosen] = useState(null);
  const { data } = found;
  if (!data) return html`<${Waiting} of=${found} />`;
  if (!data.places.length) return html`<p class="quiet">${t("no_locations")}</p>`;
  const box = around(data.places);
  const marks = together(data.places, box.width / SIDE_BY_SIDE);
  const shown = marks.find((mark) => mark.key === chosen)?.devices ?? data.places;
  const columns = [
    { title: t("device"), cell: (d) => html`<a href=${to(["devices", d.id])}><${Text}>${named(d)}</${Text}></a>` },
    { title: t("status"), cell: (d) => html`<${State} is=${d.online ? "ONLINE" : "OFFLINE"} />` },
    { title: t("location"), cell: (d) => position(d.staticLocation) },
  ];
  return html`<${Waiting} of=${found} />${!data.whole && html`<p class="note">${t("not_all_on_map", { n: number(MOST) })}</p>`}
    <svg class="map" role="img" aria-label=${t("map_of", { n: number(data.places.length) })} viewBox=${`${box.west} ${-box.north} ${box.width} ${box.width / 2}`}>
      <path class="land" d=${LAND} />
      ${marks.map((mark) => html`<${Mark} of=${mark} size=${box.width / 120} chosen=${mark.key === chosen} choose=${() => setChosen(mark.key === chosen ? null : mark.key)} />`)}
    </svg>
    <p class="quiet">${t("map_legend")}</p>
    ${chosen && html`<button type="button" onClick=${() => setChosen(null)}>${t("show_all_places")}</button>`}
    <${Table} caption=${t("located")} columns=${columns} rows=${shown} />`;
}

/** A circle where all are online, a square where one is not; the table below says the same. */
function Mark({ of, size, chosen, choose }) {
  const r = size * (1 + Math.log10(of.devices.length));
  const shape = of.away ? html`<rect x=${of.x - r} y=${of.y - r} width=${2 * r} height=${2 * r} />` : html`<circle cx=${of.x} cy=${of.y} r=${r} />`;
  return html`<g class=${`mark${of.away ? " away" : ""}${chosen ? " chosen" : ""}`} onClick=${choose}><title>${of.devices.length === 1 ? named(of.devices[0]) : number(of.devices.length)}</title>${shape}</g>`;
}

export const position = (at) => at && `${number(at.lat)}, ${number(at.lon)}`;

/** `{places, whole}`: of the first devices those that have a location, and whether there are no others. */
async function located(signal) {
  const ask = async (status, online) => {
    const devices = await get(DEVICES, { "interfaces.status": status, fields: "id,name,staticLocation", limit: MOST }, signal);
    return { places: devices.filter((d) => d.staticLocation).map((d) => ({ ...d, online })), whole: devices.length < MOST };
  };
  const [there, away] = await Promise.all([ask("ONLINE", true), ask(NOT_ONLINE, false)]);
  const known = new Set(there.places.map((d) => d.id));
  return { places: [...there.places, ...away.places.filter((d) => !known.has(d.id))], whole: there.whole && away.whole };
}

/** The part of the world that has them all, twice as wide as high. */
function around(places) {
  const lons = places.map((d) => d.staticLocation.lon);
  const lats = places.map((d) => d.staticLocation.lat);
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  const width = Math.min(360, Math.max(NARROWEST, 1.2 * (east - west), 2.4 * (north - south)));
  return { width, west: (west + east - width) / 2, north: (north + south + width / 2) / 2 };
}

/** Marks of the devices that stand in one field of a grid, each in the middle of its own. */
function together(places, side) {
  const fields = new Map();
  for (const device of places) {
    const { lat, lon } = device.staticLocation;
    const key = `${Math.floor(lon / side)} ${Math.floor(lat / side)}`;
    fields.set(key, [...(fields.get(key) ?? []), device]);
  }
  const middle = (devices, name) => devices.reduce((sum, d) => sum + d.staticLocation[name], 0) / devices.length;
  return [...fields].map(([key, devices]) => ({ key, devices, away: devices.some((d) => !d.online), x: middle(devices, "lon"), y: -middle(devices, "lat") }));
}
