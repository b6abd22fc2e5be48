// What a device that has a model says it is: its objects, their values, and what it is asked.

import { html, useEffect } from "../html.js";
import { call, device as deviceAt, get, MODEL, path } from "../api.js";
import { go } from "../location.js";
import { Action, Asking, Field, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { Ask, Write } from "./twin-form.js";
import { Observations, Operations, useOperations } from "./twin-operations.js";

export const CONNECTOR = "lwm2m";
export const EVERY_OBJECT = "urn:oma:lwm2m";
const SELDOM_MS = 10 * 60_000;

export function Twin({ device, query }) {
  const objects = usePolled((signal) => get(deviceAt(device.id, "twin", "objects"), { expand: 1 }, signal), [device.id]);
  const model = usePolled((signal) => get(path(MODEL, EVERY_OBJECT), {}, signal), [], SELDOM_MS);
  const operations = useOperations(device.id);
  const listed = objects.data?.children ?? [];
  const chosen = listed.find((one) => one.path === query.object) ?? listed[0];
  const names = new Map((model.data?.children ?? []).map((one) => [one.objectDefinitionId, one.name]));
  const called = (one) => `${one.path} ${names.get(one.objectDefinitionId) ?? ""}`;
  const ask = async (body) => {
    await call("POST", deviceAt(device.id, "twin", "operations"), { body });
    operations.reload();
  };
  return html`<${Waiting} of=${objects} />
    ${objects.data && !listed.length && html`<p class="note">${t("twin_empty")}</p>`}
    ${chosen && html`<div class="row"><${Field} label=${t("object")}><select value=${chosen.path} onChange=${(e) => go(["devices", device.id, "twin"], { object: e.target.value })}>${listed.map((one) => html`<option value=${one.path}>${called(one)}</option>`)}</select></${Field}></div>
      <${ObjectValues} key=${chosen.path} id=${device.id} of=${chosen} ask=${ask} ended=${operations.ended} />`}
    ${may("DEVICE_W") && objects.data && html`<${Ask} ask=${ask} base=${chosen?.path} />`}
    <${Operations} id=${device.id} of=${operations} />
    <${Observations} id=${device.id} />`;
}

function ObjectValues({ id, of: object, ask, ended }) {
  const shown = usePolled((signal) => get(deviceAt(id, "twin", "objects", object.path.slice(1)), { expand: 1 }, signal), [id, object.path]);
  const definition = usePolled((signal) => get(path(MODEL, object.objectDefinitionId), {}, signal).catch(() => ({ attributes: [] })), [object.objectDefinitionId], SELDOM_MS);
  // What it was asked for may have changed what it says.
  useEffect(() => { if (ended) shown.reload(); }, [ended]);
  return html`<${Waiting} of=${shown} />${definition.data && (shown.data?.instances ?? []).map((one) => html`<${Instance} key=${one.path} id=${id} of=${one} definition=${definition.data} ask=${ask} />`)}`;
}

function Instance({ id, of: instance, definition, ask }) {
  const reported = new Map(instance.attributes.map((one) => [one.pathSegment, one]));
  const defined = new Map((definition.attributes ?? []).map((one) => [one.pathSegment, one]));
  const rows = [...new Set([...defined.keys(), ...reported.keys()])].sort((a, b) => a - b)
    .map((segment) => ({ ...defined.get(segment), ...reported.get(segment), path: `${instance.path}/${segment}` }));
  const values = (row) => (row.content ? [{ ...row.content, path: "" }] : row.contents ?? []);
  const can = (row, operation) => (row.operations ?? ["READ"]).includes(operation);
  const observe = (at) => () => call("POST", deviceAt(id, "twin", "observations"), { body: { paths: [at] } });
  const columns = [
    { title: t("path"), cell: (r) => html`<code>${r.path}</code>` },
    { title: t("name"), cell: (r) => html`<${Text}>${r.name}</${Text}>` },
    { title: t("value"), cell: (r) => html`<ul class="plain">${values(r).map((one) => html`<li>${one.path && html`<small>${one.path}</small> `}<code><${Text}>${one.reportedValue}</${Text}></code></li>`)}</ul>` },
    { title: t("reported_at"), cell: (r) => html`<${Time} at=${values(r).map((one) => one.timestamp).sort().at(-1)} />` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (r) => html`<div class="row">
      ${can(r, "READ") && html`<${Action} label=${t("read")} run=${() => ask({ type: "READ", paths: [r.path] })} />`}
      ${can(r, "WRITE") && html`<${Write} at=${r.path} type=${r.type} ask=${ask} />`}
      ${can(r, "EXECUTE") && html`<${Asking} label=${t("execute")} question=${t("sure_execute", { name: r.name ?? r.path })} run=${() => ask({ type: "EXECUTE", paths: [r.path] })} />`}</div>` }] : []),
  ];
  return html`<h3>${instance.path} <${Text}>${definition.name}</${Text}></h3>
    ${may("DEVICE_W") && html`<div class="row"><${Action} label=${t("read_all")} run=${() => ask({ type: "READ", paths: [instance.path] })} />
      <${Action} label=${t("observe")} run=${observe(instance.path)} /></div>`}
    <${Table} caption=${`${instance.path} ${definition.name ?? ""}`} columns=${columns} rows=${rows} keyOf=${(r) => r.path} />`;
}
