// Devices that have a model: which they are, which of their values become messages, and which objects there may be.

import { html, useState } from "../html.js";
import { call, DEVICES, get, MODEL, path, RULES } from "../api.js";
import { to } from "../location.js";
import { Asking, Field, Form, Pairs, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { Interfaces, lastContact, named } from "./device-list.js";
import { CONNECTOR, EVERY_OBJECT } from "./twin.js";

const SHOWN = 50;
const SLOWLY_MS = 15_000;
const SELDOM_MS = 10 * 60_000;

export const Twins = () => html`<${Devices} /><${Rules} /><${Definitions} />`;

function Devices() {
  const found = usePolled((signal) => get(DEVICES, { connectors: CONNECTOR, fields: "id,name,group,interfaces", limit: SHOWN }, signal), [], SLOWLY_MS);
  const columns = [
    { title: t("device"), cell: (d) => html`<a href=${to(["devices", d.id, "twin"])}><${Text}>${named(d)}</${Text}></a>` },
    { title: t("status"), cell: (d) => html`<${Interfaces} of=${d} />` },
    { title: t("last_contact"), cell: (d) => html`<${Time} at=${lastContact(d)} />` },
  ];
  return html`<section><h2>${t("devices")}</h2><${Waiting} of=${found} />
    ${found.data && html`<${Table} caption=${t("devices")} columns=${columns} rows=${found.data} empty=${t("no_twins")} />
      ${found.data.length === SHOWN && html`<p><a href=${to(["devices"], { connector: CONNECTOR })}>${t("all_twins")}</a></p>`}`}</section>`;
}

function Rules() {
  const found = usePolled((signal) => get(RULES, {}, signal), [], SLOWLY_MS);
  const create = async (fields, form) => {
    const paths = fields.get("paths").split("\n").map((line) => line.trim()).filter(Boolean);
    await call("POST", RULES, { body: { name: fields.get("name").trim(), type: "PASSTHROUGH", paths } });
    form.reset();
    found.reload();
    return t("saved");
  };
  const remove = (rule) => async () => {
    await call("DELETE", path(RULES, rule.id));
    found.reload();
  };
  const columns = [
    { title: t("name"), cell: (r) => html`<${Text}>${r.name}</${Text}>` },
    { title: t("path"), cell: (r) => html`<code>${r.paths.join(", ")}</code>` },
    { title: t("created"), cell: (r) => html`<${Time} at=${r.created} />` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (r) => html`<${Asking} label=${t("delete")} question=${t("sure_delete", { id: r.name })} run=${remove(r)} />` }] : []),
  ];
  return html`<section><h2>${t("data_rules")}</h2><p class="quiet">${t("data_rules_hint")}</p>
    ${may("DEVICE_W") && found.data && html`<details><summary>${t("new_rule")}</summary><${Form} submit=${create} label=${t("create")}>
      <${Field} label=${t("name")}><input name="name" required maxlength="255" /></${Field}>
      <${Field} label=${t("paths")} hint=${t("paths_hint")}><textarea name="paths" rows="3" required></textarea></${Field}></${Form}></details>`}
    <${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("data_rules")} columns=${columns} rows=${found.data} empty=${t("no_rules")} />`}</section>`;
}

function Definitions() {
  const found = usePolled((signal) => get(path(MODEL, EVERY_OBJECT), {}, signal), [], SELDOM_MS);
  const [sought, setSought] = useState("");
  const load = async (fields, form) => {
    await call("POST", MODEL, { file: fields.get("file"), query: { override: fields.get("override") === "on" } });
    form.reset();
    found.reload();
    return t("saved");
  };
  const remove = (one) => async () => {
    await call("DELETE", path(MODEL, one.objectDefinitionId));
    found.reload();
  };
  const has = (text) => text?.toLowerCase().includes(sought.toLowerCase());
  const rows = (found.data?.children ?? []).filter((one) => has(one.name) || has(one.objectDefinitionId));
  const columns = [
    { title: t("object"), cell: (o) => html`<a href=${to(["twins", o.objectDefinitionId])}><${Text}>${o.objectDefinitionId}</${Text}></a>` },
    { title: t("name"), cell: (o) => html`<${Text}>${o.name}</${Text}>` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (o) => o.owner && html`<${Asking} label=${t("delete")} question=${t("sure_delete", { id: o.name })} run=${remove(o)} />` }] : []),
  ];
  return html`<section><h2>${t("definitions")}</h2>
    ${may("DEVICE_W") && html`<details><summary>${t("import_definition")}</summary><${Form} submit=${load} label=${t("import_definition")}>
      <${Field} label=${t("file")} hint=${t("definition_hint")}><input name="file" type="file" accept=".xml,text/xml" required /></${Field}>
      <label class="choice"><input type="checkbox" name="override" /> ${t("override")}</label></${Form}></details>`}
    <${Waiting} of=${found} />
    ${found.data && html`<${Field} label=${t("search")}><input type="search" value=${sought} onInput=${(e) => setSought(e.target.value)} /></${Field}>
      <${Table} caption=${t("definitions")} columns=${columns} rows=${rows} keyOf=${(o) => o.objectDefinitionId} />`}</section>`;
}

/** One object definition, with all its resources. */
export function Definition({ path: [urn] }) {
  const found = usePolled((signal) => get(path(MODEL, urn), {}, signal), [urn], SELDOM_MS);
  const { data } = found;
  const columns = [
    { title: t("path"), cell: (a) => html`<code>${a.pathSegment}</code>` },
    { title: t("name"), cell: (a) => html`<${Text}>${a.name}</${Text}>` },
    { title: t("type"), cell: (a) => a.type },
    { title: t("operations"), cell: (a) => (a.operations ?? []).join(", ") },
    { title: t("description"), cell: (a) => html`<${Text}>${a.description}</${Text}>` },
  ];
  return html`<p><a href=${to(["twins"])}>← ${t("twins")}</a></p><${Waiting} of=${found} />
    ${data && html`<h2><${Text}>${data.name}</${Text}></h2>
      <${Pairs} of=${[[t("object"), html`<${Text}>${data.objectDefinitionId}</${Text}>`], [t("description"), data.description && html`<${Text}>${data.description}</${Text}>`]]} />
      <${Table} caption=${data.name} columns=${columns} rows=${data.attributes ?? []} keyOf=${(a) => a.pathSegment} />`}`;
}
