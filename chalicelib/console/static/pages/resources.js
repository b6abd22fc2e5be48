// Files of a device, firmware above all: the version that it has, the one that it is to have, and how that went.

import { html } from "../html.js";
import { call, device as deviceAt, get, path, RESOURCES } from "../api.js";
import { Asking, Field, Form, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

export function Resources({ device }) {
  const found = usePolled(async (signal) => {
    const [versions, updates] = await Promise.all([get(deviceAt(device.id, "resources"), {}, signal), get(deviceAt(device.id, "resources", "updates"), { limit: 50 }, signal)]);
    return { versions, updates };
  }, [device.id]);
  const known = usePolled((signal) => get(RESOURCES, { size: 200 }, signal), [], 60_000);
  const submit = async (fields, form) => {
    const resource = fields.get("resource").trim();
    await call("POST", deviceAt(device.id, "resources", resource), { body: { version: fields.get("version").trim() } });
    form.reset();
    found.reload();
    return t("asked_for");
  };
  const stop = (resource) => async () => {
    await call("POST", deviceAt(device.id, "resources", "updates", resource, "status"), { body: "CANCELED" });
    found.reload();
  };
  const rows = Object.entries(found.data?.versions ?? {}).sort().map(([id, resource]) => ({ id, ...resource }));
  const versions = [
    { title: t("resource"), cell: (r) => html`<${Text}>${r.id}</${Text}>` },
    { title: t("reported"), cell: (r) => r.reported && html`<${Text}>${r.reported.version}</${Text}>` },
    { title: t("requested"), cell: (r) => r.requested && html`<${Text}>${r.requested.version}</${Text}>` },
    { title: t("reported_at"), cell: (r) => html`<${Time} at=${r.reported?.timestamp} />` },
  ];
  const updates = [
    { title: t("resource"), cell: (u) => html`<${Text}>${u.resourceId}</${Text}>` },
    { title: t("from_to"), cell: (u) => html`<${Text}>${u.initialVersion ?? "–"} → ${u.requestedVersion}</${Text}>` },
    { title: t("status"), cell: (u) => html`<${State} is=${u.status} /> <${Text}>${u.errorCode ?? ""} ${u.errorDetails ?? ""}</${Text}>` },
    { title: t("updated"), cell: (u) => html`<${Time} at=${u.updated} />` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (u) => !OVER.includes(u.status) && html`<${Asking} label=${t("stop")} question=${t("sure_stop", { name: u.resourceId })} run=${stop(u.resourceId)} />` }] : []),
  ];
  return html`${may("DEVICE_W") && html`<details><summary>${t("set_version")}</summary><${Form} submit=${submit} label=${t("ask_device")}>
      <${Field} label=${t("resource")}><input name="resource" list="known-resources" required /></${Field}>
      <datalist id="known-resources">${(known.data?.data ?? []).map((one) => html`<option value=${one.resourceId} />`)}</datalist>
      <${Field} label=${t("version")}><input name="version" required /></${Field}></${Form}></details>`}
    <${Waiting} of=${found} />
    ${found.data && html`<${Table} caption=${t("tab_resources")} columns=${versions} rows=${rows} empty=${t("no_resources")} />
      <h3>${t("updates")}</h3><${Table} caption=${t("updates")} columns=${updates} rows=${found.data.updates} empty=${t("no_updates")} />`}`;
}

const OVER = ["DONE", "FAILED", "CANCELED", "ERROR"];
