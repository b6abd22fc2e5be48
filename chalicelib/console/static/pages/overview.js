// Is everything well? How many devices there are, in which state and where, which have been silent longest, what is
// suspended, and what was refused.

import { html } from "../html.js";
import { AUDIT, COUNTS, DEVICES, get, Refused } from "../api.js";
import { number } from "../format.js";
import { to } from "../location.js";
import { State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { Audit } from "./audit.js";
import { lastContact, named, NOT_ONLINE } from "./device-list.js";
import { Places } from "./places.js";
import { Troubles } from "./troubles.js";

const SLOWLY_MS = 30_000;
const SELDOM_MS = 5 * 60_000;
const SHOWN = 10;
/** Counts of so many devices are those of some minutes ago. */
const KEPT_FROM = 10_000;

export function Overview() {
  return html`<div class="cards">
      <${Counts} by="status" title=${t("by_status")} query=${(value) => ({ status: value === "OFFLINE" ? NOT_ONLINE : value })} />
      <${Counts} by="group" title=${t("by_group")} query=${(value) => ({ group: value })} />
      <${Counts} by="tag" title=${t("by_tag")} query=${(value) => ({ tag: value })} />
      <${Counts} by="connector" title=${t("by_connector")} query=${(value) => ({ connector: value })} />
    </div>
    <${Places} />
    <${Silent} />
    ${(may("DATA_PROCESSING_R") || may("BUS_CONFIG_R")) && html`<${Troubles} />`}
    ${may("LOGS_R") && html`<${Refusals} />`}`;
}

function Counts({ by, title, query }) {
  const counts = usePolled((signal) => get(COUNTS, { by }, signal), [by], SLOWLY_MS);
  const { data } = counts;
  return html`<section><h2>${title}</h2><${Waiting} of=${counts} />
    ${data && html`${by === "status" && html`<p class="big"><a href=${to(["devices"])}>${number(data.total)}</a> ${t("devices_in_all")}</p>${data.total === 0 && html`<p class="note">${t("first_device")}</p>`}`}
      <ul class="counts">${[...data.counts].sort((a, b) => b.count - a.count).slice(0, SHOWN).map(({ value, count }) => html`<li key=${value}>
        <a href=${to(["devices"], query(value))}>${by === "status" ? html`<${State} is=${value}>${value === "OFFLINE" ? t("is_not_online") : t("is_online")}</${State}>` : html`<${Text}>${value}</${Text}>`}</a>
        <meter min="0" max=${Math.max(data.total, 1)} value=${count} aria-label=${value}></meter> <b>${number(count)}</b></li>`)}</ul>
      ${!data.counts.length && html`<p class="quiet">${t("nothing")}</p>`}
      ${!data.complete && html`<p class="note">${t("not_all_counted")}</p>`}
      ${data.total >= KEPT_FROM && html`<p class="quiet">${t("counted_at")} <${Time} at=${data.countedAt} /></p>`}`}</section>`;
}

function Silent() {
  const silent = usePolled(longest, [], SELDOM_MS);
  const columns = [
    { title: t("device"), cell: (d) => html`<a href=${to(["devices", d.id])}><${Text}>${named(d)}</${Text}></a>` },
    { title: t("group"), cell: (d) => html`<${Text}>${d.group?.path}</${Text}>` },
    { title: t("last_contact"), cell: (d) => html`<${Time} at=${lastContact(d)} />` },
  ];
  return html`<section><h2>${t("silent_longest")}</h2><${Waiting} of=${silent} />
    ${silent.data && html`${!silent.data.sorted && html`<p class="note">${t("too_many_to_sort")}</p>`}
      <${Table} caption=${t("silent_longest")} columns=${columns} rows=${silent.data.found} empty=${t("none_silent")} />
      <p><a href=${to(["devices"], { status: NOT_ONLINE })}>${t("all_offline")}</a></p>`}</section>`;
}

/** The fleet may be too big to be put in order: then some of those that are offline. */
async function longest(signal) {
  const query = { "interfaces.status": NOT_ONLINE, fields: "id,name,group,interfaces", limit: SHOWN };
  try {
    return { sorted: true, found: await get(DEVICES, { ...query, sort: "interfaces.lastContact" }, signal) };
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 400) throw error;
    return { sorted: false, found: await get(DEVICES, query, signal) };
  }
}

function Refusals() {
  const refusals = usePolled((signal) => get(AUDIT, { limit: SHOWN }, signal), [], SLOWLY_MS);
  return html`<section><h2>${t("last_refusals")}</h2><${Waiting} of=${refusals} />
    ${refusals.data && html`<${Audit} messages=${refusals.data} caption=${t("last_refusals")} />`}</section>`;
}
