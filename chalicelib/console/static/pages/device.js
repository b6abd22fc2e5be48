// One device: what it is, and a tab each for what one does with it.

import { html, useRef } from "../html.js";
import { call, device, get } from "../api.js";
import { go, to } from "../location.js";
import { Asking, Field, Form, Pairs, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { AlarmsOf } from "./alarms.js";
import { Commands } from "./commands.js";
import { Configuration } from "./configuration.js";
import { Data } from "./data.js";
import { interfaces, Interfaces, lastContact, named } from "./device-list.js";
import { InterfacesTab } from "./interfaces.js";
import { Log } from "./log.js";
import { position } from "./places.js";
import { Resources } from "./resources.js";
import { CONNECTOR, Twin } from "./twin.js";

/** The tabs of a device, the roles that open each, and which devices have it. */
const TABS = [
  { name: "data", roles: ["DATA_R"], shows: Data },
  { name: "twin", roles: ["DEVICE_R"], shows: Twin, has: (one) => interfaces(one).some((each) => each.connector === CONNECTOR) },
  { name: "alarms", roles: ["DATA_R"], shows: AlarmsOf },
  { name: "commands", roles: ["DEVICE_R"], shows: Commands },
  { name: "configuration", roles: ["DEVICE_R"], shows: Configuration },
  { name: "resources", roles: ["DEVICE_R"], shows: Resources },
  { name: "interfaces", roles: ["DEVICE_R"], shows: InterfacesTab },
  { name: "log", roles: ["LOGS_R"], shows: Log },
  { name: "properties", roles: ["DEVICE_R"], shows: Properties },
];

export function Device({ path, query }) {
  const [id, asked] = path;
  const found = usePolled((signal) => get(device(id), {}, signal), [id]);
  const { data } = found;
  const open = TABS.filter((tab) => may(...tab.roles) && (!tab.has || (data && tab.has(data))));
  const tab = open.find((one) => one.name === asked) ?? open[0];
  return html`<p><a href=${to(["devices"])}>← ${t("devices")}</a></p>
    <${Waiting} of=${found} />
    ${data && html`<h2 class="device"><${Text}>${named(data)}</${Text}></h2>
      <${Pairs} of=${[
        [t("device_id"), html`<${Text}>${data.id}</${Text}>`],
        [t("status"), data.interfaces?.length ? html`<${Interfaces} of=${data} />` : t("no_interface")],
        [t("last_contact"), html`<${Time} at=${lastContact(data)} />`],
        [t("group"), html`<${Text}>${data.group?.path}</${Text}>`],
        [t("location"), position(data.staticLocation)],
        [t("tags"), data.tags && data.tags.map((one) => html`<a class="tag" href=${to(["devices"], { tag: one })}><${Text}>${one}</${Text}></a> `)],
      ]} />
      <nav aria-label=${t("tabs")} class="tabs"><ul>${open.map((one) => html`<li><a href=${to(["devices", id, one.name])} aria-current=${tab === one ? "page" : undefined}>${t(`tab_${one.name}`)}</a></li>`)}</ul></nav>
      <div key=${tab.name}><${tab.shows} device=${data} query=${query} reload=${found.reload} /></div>`}`;
}

function Properties({ device: shown, reload }) {
  const { id } = shown;
  // Only what was changed here is sent: the rest may have changed elsewhere meanwhile, or say what these fields cannot.
  const touched = useRef(new Set());
  const submit = async (fields) => {
    const text = (name) => fields.get(name).trim();
    const properties = Object.fromEntries(text("properties").split("\n").map((line) => line.split("=")).filter(([name, ...value]) => name.trim() && value.length).map(([name, ...value]) => [name.trim(), value.join("=").trim()]));
    const written = {
      name: text("name"),
      description: text("description"),
      tags: text("tags").split(",").map((tag) => tag.trim()).filter(Boolean),
      properties,
      group: { path: text("group") || "/" },
    };
    const changed = Object.entries(written).filter(([name]) => touched.current.has(name));
    await call("PATCH", device(id), { body: { id, ...Object.fromEntries(changed) } });
    touched.current.clear();
    reload();
    return t("saved");
  };
  const lines = Object.entries(shown.properties ?? {}).map(([name, value]) => `${name}=${value}`).join("\n");
  const remove = async () => {
    await call("DELETE", device(id));
    go(["devices"]);
  };
  return html`<${Pairs} of=${[[t("created"), html`<${Time} at=${shown.created} />`], [t("updated"), html`<${Time} at=${shown.updated} />`]]} />
    ${may("DEVICE_W")
      ? html`<div onInput=${(e) => touched.current.add(e.target.name)}><${Form} submit=${submit} label=${t("save")} key=${shown.updated}>
          <${Field} label=${t("name")}><input name="name" maxlength="255" defaultValue=${shown.name ?? ""} /></${Field}>
          <${Field} label=${t("description")}><textarea name="description" maxlength="500" rows="2" defaultValue=${shown.description ?? ""}></textarea></${Field}>
          <${Field} label=${t("group")}><input name="group" defaultValue=${shown.group?.path ?? ""} /></${Field}>
          <${Field} label=${t("tags")} hint=${t("by_commas")}><input name="tags" defaultValue=${(shown.tags ?? []).join(", ")} /></${Field}>
          <${Field} label=${t("properties")} hint=${t("properties_hint")}><textarea name="properties" rows="4" defaultValue=${lines}></textarea></${Field}>
        </${Form}></div>
        <${Asking} label=${t("delete_device")} question=${t("sure_delete", { id })} run=${remove} />`
      : html`<pre>${lines}</pre>`}`;
}
