// What is told to nobody: actions of policies that are suspended, and FIFOs that will soon take no more.

import { html } from "../html.js";
import { DIAGNOSTICS, FIFOS, get, POLICIES } from "../api.js";
import { number } from "../format.js";
import { to } from "../location.js";
import { State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

const SLOWLY_MS = 30_000;
const NEARLY = 0.9;

export function Troubles() {
  const found = usePolled(async (signal) => (await Promise.all([suspended(signal), full(signal)])).flat(), [], SLOWLY_MS);
  const columns = [
    { title: t("routing"), cell: (one) => html`<a href=${to(["routing"])}><${Text}>${one.name}</${Text}></a>` },
    { title: t("status"), cell: (one) => html`<${State} is="suspended">${one.state}</${State}>` },
    { title: t("since"), cell: (one) => html`<${Time} at=${one.since} />` },
    { title: t("reason"), cell: (one) => html`<${Text}>${one.reason}</${Text}>` },
  ];
  return html`<section><h2>${t("troubles")}</h2><${Waiting} of=${found} />
    ${found.data && html`<${Table} caption=${t("troubles")} columns=${columns} rows=${found.data} keyOf=${(one) => one.key} empty=${t("no_troubles")} />`}</section>`;
}

async function suspended(signal) {
  if (!may("DATA_PROCESSING_R")) return [];
  const actions = (await get(DIAGNOSTICS, {}, signal)).flatMap((policy) => policy.actions.filter((a) => a.suspended).map((a) => ({ ...a, policy: policy.actionPolicyId })));
  if (!actions.length) return [];
  const names = new Map((await get(POLICIES, {}, signal)).map((policy) => [policy.id, policy.name]));
  return actions.map((a) => ({ key: `${a.policy} ${a.actionId}`, name: names.get(a.policy) ?? a.policy, state: t("suspended"), since: a.lastSuspension?.time, reason: a.lastSuspension?.reason }));
}

async function full(signal) {
  if (!may("BUS_CONFIG_R")) return [];
  const fifos = (await get(FIFOS, { size: 200 }, signal)).data;
  return fifos
    .filter((f) => f.maxLengthBytes > 0 && f.messageBytes >= NEARLY * f.maxLengthBytes)
    .map((f) => ({ key: f.name, name: f.name, state: t("nearly_full"), reason: t("bytes_of", { n: number(f.messageBytes), most: number(f.maxLengthBytes) }) }));
}
