// What is wrong until somebody or something clears it. Alarms of devices of every dialect are served by the Cumulocity
// API, where the tenant has managed objects.

import { html } from "../html.js";
import { ALARMS, callBasic, IDENTITY, path, Refused } from "../api.js";
import { number } from "../format.js";
import { go, to } from "../location.js";
import { Action, Field, Form, Problem, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

const SIZE = 50;
const EVERY_MS = 10_000;
const ONCE_MS = 10 * 60_000;
const SEVERITIES = ["CRITICAL", "MAJOR", "MINOR", "WARNING"];
const STATUSES = { open: "ACTIVE,ACKNOWLEDGED", ACTIVE: "ACTIVE", ACKNOWLEDGED: "ACKNOWLEDGED", CLEARED: "CLEARED", every: "ACTIVE,ACKNOWLEDGED,CLEARED" };
const FILTERS = ["status", "severity", "type"];
const URN = "homeport_Urn";
/** Devices that came in by that API have the number of their object in their id. */
const NUMBERED = /^urn:lo:nsid:c8y:(\d+)$/;
/** How the API answers where it is not served, or not to this tenant. */
const NOT_KEPT = [401, 403, 404];

const asked = (query) => ({ status: STATUSES[query.status] ?? STATUSES.open, severity: query.severity, type: query.type });

export function Alarms({ query }) {
  return html`<${Filters} query=${query} key=${JSON.stringify(query)} /><${List} query=${query} place=${["alarms"]} />`;
}

/** Whose alarm it is: the page of the device where the object is one. */
export function Source({ path: [object], query }) {
  const found = usePolled(async (signal) => {
    const { externalIds } = await callBasic("GET", path(IDENTITY, "globalIds", object, "externalIds"), { signal });
    const urn = externalIds.find((one) => one.type === URN)?.externalId;
    if (urn) go(["devices", urn, "alarms"], {}, { replace: true });
    return { externalIds };
  }, [object], ONCE_MS);
  return html`<p><a href=${to(["alarms"])}>← ${t("alarms")}</a></p><${Waiting} of=${found} />
    ${found.data && html`<h2>${t("alarms_of_object", { id: object })}</h2><${List} query=${query} source=${object} place=${["alarms", object]} />`}`;
}

/** Those of a device. */
export function AlarmsOf({ device, query }) {
  const found = usePolled((signal) => objectOf(device.id, signal), [device.id], ONCE_MS);
  if (found.error) return html`<${NotKept} error=${found.error} />`;
  if (!found.data) return html`<${Waiting} of=${found} />`;
  return html`<${List} query=${query} source=${found.data} place=${["devices", device.id, "alarms"]} raising />`;
}

/** The number of the managed object that a device is. Throws Refused. */
async function objectOf(id, signal) {
  const named = NUMBERED.exec(id);
  if (named) return named[1];
  const found = await callBasic("GET", path(IDENTITY, "externalIds", URN, id), { signal });
  return found.managedObject.id;
}

/** Why there are none: the operator gives a tenant managed objects, and devices become those one by one. */
function NotKept({ error }) {
  if (!(error instanceof Refused) || !NOT_KEPT.includes(error.status)) return html`<${Problem} error=${error} />`;
  return html`<p class="note">${t(error.code.startsWith("identity/") ? "alarms_no_object" : "alarms_not_kept")}</p>`;
}

function List({ query, place, source, raising = false }) {
  const page = Math.max(1, Number(query.page) || 1);
  const found = usePolled((signal) => callBasic("GET", ALARMS, { query: { ...asked(query), source, pageSize: SIZE, currentPage: page }, signal }), [query, source], EVERY_MS);
  const put = (alarm, status) => async () => {
    await callBasic("PUT", path(ALARMS, alarm.id), { body: { status } });
    found.reload();
  };
  const raise = async (fields, form) => {
    const body = { source: { id: source }, type: fields.get("type").trim(), text: fields.get("text").trim(), severity: fields.get("severity"), time: new Date().toISOString() };
    await callBasic("POST", ALARMS, { body });
    form.reset();
    found.reload();
    return t("saved");
  };
  const columns = [
    { title: t("severity"), cell: (a) => html`<${State} is=${a.severity} />` },
    { title: t("alarm"), cell: (a) => html`<${Text}>${a.text}</${Text}><br /><small><${Text}>${a.type}</${Text}></small>` },
    { title: t("status"), cell: (a) => html`<${State} is=${a.status} />` },
    ...(source ? [] : [{ title: t("device"), cell: (a) => html`<a href=${to(["alarms", a.source.id])}><${Text}>${a.source.name ?? a.source.id}</${Text}></a>` }]),
    { title: t("time"), cell: (a) => html`<${Time} at=${a.time} />` },
    { title: t("times_raised"), cell: (a) => html`${number(a.count)}${a.firstOccurrenceTime && html`<br /><small>${t("since")} <${Time} at=${a.firstOccurrenceTime} /></small>`}` },
    ...(may("DATA_W") ? [{ title: t("actions"), cell: (a) => html`<div class="row">
      ${a.status === "ACTIVE" && html`<${Action} label=${t("acknowledge")} run=${put(a, "ACKNOWLEDGED")} />`}
      ${a.status !== "CLEARED" && html`<${Action} label=${t("clear_alarm")} run=${put(a, "CLEARED")} />`}
      ${a.status !== "ACTIVE" && html`<${Action} label=${t("activate")} run=${put(a, "ACTIVE")} />`}</div>` }] : []),
  ];
  if (found.error && !found.data) return html`<${NotKept} error=${found.error} />`;
  const alarms = found.data?.alarms ?? [];
  return html`${raising && may("DATA_W") && found.data && html`<details><summary>${t("raise_alarm")}</summary><${Form} submit=${raise} label=${t("raise_alarm")}>
      <${Field} label=${t("severity")}><select name="severity">${SEVERITIES.map((one) => html`<option value=${one}>${one}</option>`)}</select></${Field}>
      <${Field} label=${t("type")}><input name="type" required maxlength="256" /></${Field}>
      <${Field} label=${t("text")}><input name="text" required maxlength="1000" /></${Field}></${Form}></details>`}
    ${source && html`<p class="row">${Object.keys(STATUSES).map((one) => html`<a href=${to(place, { status: one === "open" ? "" : one })} aria-current=${(query.status ?? "open") === one ? "true" : undefined}>${t(`alarms_${one}`)}</a>`)}</p>`}
    <${Waiting} of=${found} />
    ${found.data && html`<${Table} caption=${t("alarms")} columns=${columns} rows=${alarms} empty=${t("no_alarms")} />
      ${(page > 1 || found.data.next) && html`<nav class="row" aria-label=${t("paging")}>
        ${page > 1 && html`<a class="button" href=${to(place, { ...query, page: page - 1 })} rel="prev">← ${t("previous")}</a>`}
        ${found.data.next && html`<a class="button" href=${to(place, { ...query, page: page + 1 })} rel="next">${t("next")} →</a>`}</nav>`}`}`;
}

function Filters({ query }) {
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    go(["alarms"], Object.fromEntries(FILTERS.map((name) => [name, fields.get(name).trim()])));
  };
  return html`<form class="filters" role="search" aria-label=${t("filters")} onSubmit=${submit} autocomplete="off">
    <${Field} label=${t("status")}><select name="status">${Object.keys(STATUSES).map((one) => html`<option value=${one === "open" ? "" : one} selected=${(query.status ?? "open") === one}>${t(`alarms_${one}`)}</option>`)}</select></${Field}>
    <${Field} label=${t("severity")}><select name="severity"><option value="">${t("any")}</option>${SEVERITIES.map((one) => html`<option value=${one} selected=${query.severity === one}>${one}</option>`)}</select></${Field}>
    <${Field} label=${t("type")}><input name="type" defaultValue=${query.type ?? ""} /></${Field}>
    <div class="row"><button class="main">${t("search")}</button><a class="button" href=${to(["alarms"])}>${t("clear")}</a></div></form>`;
}
