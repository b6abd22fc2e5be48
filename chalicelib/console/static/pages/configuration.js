// What a device is to be set to, what it says it is, and whether that is the same.

import { html } from "../html.js";
import { call, device as deviceAt, get } from "../api.js";
import { json } from "../format.js";
import { Asking, Form, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { ParameterFields, parameterOf } from "./parameter-form.js";

export function Configuration({ device }) {
  const found = usePolled((signal) => get(deviceAt(device.id, "config"), {}, signal), [device.id]);
  const rows = Object.entries(found.data?.parameters ?? {}).sort().map(([name, parameter]) => ({ id: name, ...parameter }));
  const submit = async (fields, form) => {
    await call("POST", deviceAt(device.id, "config"), { body: { parameters: parameterOf(fields) } });
    form.reset();
    found.reload();
    return t("asked_for");
  };
  const withdraw = (name) => async () => {
    await call("PUT", deviceAt(device.id, "config", "parameters", name, "status"), { body: "CANCELED" });
    found.reload();
  };
  const columns = [
    { title: t("parameter"), cell: (p) => html`<${Text}>${p.id}</${Text}>` },
    { title: t("requested"), cell: (p) => p.requested && html`<code><${Text}>${json(p.requested.value)}</${Text}></code>` },
    { title: t("reported"), cell: (p) => p.reported && html`<code><${Text}>${json(p.reported.value)}</${Text}></code>` },
    { title: t("type"), cell: (p) => (p.requested ?? p.reported)?.type },
    { title: t("status"), cell: (p) => html`<${State} is=${p.syncStatus} />` },
    { title: t("reported_at"), cell: (p) => html`<${Time} at=${p.reported?.timestamp} />` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (p) => ["PENDING", "SENT"].includes(p.syncStatus) && html`<${Asking} label=${t("withdraw")} question=${t("sure_withdraw", { name: p.id })} run=${withdraw(p.id)} />` }] : []),
  ];
  return html`${may("DEVICE_W") && html`<details><summary>${t("set_parameter")}</summary><${Form} submit=${submit} label=${t("ask_device")}><${ParameterFields} /></${Form}></details>`}
    <${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("tab_configuration")} columns=${columns} rows=${rows} empty=${t("no_parameters")} />`}`;
}
