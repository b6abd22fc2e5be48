// Where events go: FIFOs and how full they are, action policies and whether one of their actions is suspended.

import { html } from "../html.js";
import { call, DIAGNOSTICS, FIFOS, get, path, POLICIES } from "../api.js";
import { number } from "../format.js";
import { Action, Asking, Field, Form, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

export const Routing = () => html`${may("BUS_CONFIG_R") && html`<${Fifos} />`}${may("DATA_PROCESSING_R") && html`<${Policies} />`}`;

function Fifos() {
  const found = usePolled((signal) => get(FIFOS, { size: 200 }, signal), []);
  const create = async (fields, form) => {
    const most = fields.get("most").trim();
    await call("POST", FIFOS, { body: { name: fields.get("name").trim(), maxLengthBytes: most ? Number(most) : -1 } });
    form.reset();
    found.reload();
    return t("saved");
  };
  const remove = (fifo) => async () => {
    await call("DELETE", path(FIFOS, fifo.name));
    found.reload();
  };
  const columns = [
    { title: t("fifo"), cell: (f) => html`<${Text}>${f.name}</${Text}>` },
    { title: t("waiting"), cell: (f) => number(f.messages) },
    { title: t("bytes"), cell: (f) => number(f.messageBytes) },
    { title: t("most_bytes"), cell: (f) => (f.maxLengthBytes < 0 ? t("unlimited") : number(f.maxLengthBytes)) },
    { title: t("consumers"), cell: (f) => number(f.consumers) },
    ...(may("BUS_CONFIG_W") ? [{ title: t("actions"), cell: (f) => html`<${Asking} label=${t("delete")} question=${t("sure_delete", { id: f.name })} run=${remove(f)} />` }] : []),
  ];
  return html`<section><h2>${t("fifos")}</h2>
    ${may("BUS_CONFIG_W") && html`<details><summary>${t("new_fifo")}</summary><${Form} submit=${create} label=${t("create")}>
      <${Field} label=${t("name")}><input name="name" required pattern="[A-Za-z0-9_~\\-]+" /></${Field}>
      <${Field} label=${t("most_bytes")} hint=${t("empty_unlimited")}><input name="most" type="number" min="0" /></${Field}></${Form}></details>`}
    <${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("fifos")} columns=${columns} rows=${found.data.data} keyOf=${(f) => f.name} empty=${t("no_fifos")} />`}</section>`;
}

function Policies() {
  const found = usePolled(async (signal) => {
    const [policies, diagnostics] = await Promise.all([get(POLICIES, {}, signal), get(DIAGNOSTICS, {}, signal)]);
    const actions = new Map(diagnostics.map((one) => [one.actionPolicyId, one.actions]));
    return policies.map((policy) => ({ ...policy, states: actions.get(policy.id) ?? [] }));
  }, []);
  const able = (policy) => async () => {
    await call("PUT", path(POLICIES, policy.id, "enabled"), { body: !policy.enabled });
    found.reload();
  };
  const resume = (policy, action) => async () => {
    await call("PUT", path(DIAGNOSTICS, policy.id, "actions", action.actionId, "suspended"), { body: false });
    found.reload();
  };
  const goal = (policy, { actionId }) => {
    const { fifoPublish = [], httpPush = [] } = policy.actions;
    return fifoPublish.find((a) => a.id === actionId)?.fifoName ?? httpPush.find((a) => a.id === actionId)?.webhookUrl ?? actionId;
  };
  const columns = [
    { title: t("policy"), cell: (p) => html`<${Text}>${p.name}</${Text}>` },
    { title: t("triggers"), cell: (p) => Object.keys(p.triggers).join(", ") },
    { title: t("status"), cell: (p) => html`<${State} is=${p.enabled ? "enabled" : "disabled"}>${p.enabled ? t("enabled") : t("disabled")}</${State}>` },
    {
      title: t("leads_to"),
      cell: (p) => html`<ul class="plain">${p.states.map((action) => html`<li><${Text}>${goal(p, action)}</${Text}>
        ${action.suspended && html` <${State} is="suspended">${t("suspended")}</${State}> <${Time} at=${action.lastSuspension?.time} /> <${Text}>${action.lastSuspension?.reason}</${Text}>
          ${may("DATA_PROCESSING_W") && html`<${Action} label=${t("resume")} run=${resume(p, action)} />`}`}</li>`)}</ul>`,
    },
    ...(may("DATA_PROCESSING_W") ? [{ title: t("actions"), cell: (p) => html`<${Action} label=${p.enabled ? t("disable") : t("enable")} run=${able(p)} />` }] : []),
  ];
  return html`<section><h2>${t("policies")}</h2><${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("policies")} columns=${columns} rows=${found.data} empty=${t("no_policies")} />`}</section>`;
}
