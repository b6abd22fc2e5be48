// What a device that has a model was asked, followed to what it answered, and what it tells by itself.

import { html, useState } from "../html.js";
import { call, device as deviceAt, get } from "../api.js";
import { Asking, Pairs, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

const WAITING = ["PENDING", "RETRYING"];
const GOING = [...WAITING, "SENT"];
const LIVE_MS = 1000;
const CALM_MS = 5000;
const SHOWN = 50;

/** `{data, error, reload, ended}`: the operations, the newest first; `ended` changes whenever one has come to its end. */
export function useOperations(id) {
  const [pace, setPace] = useState(LIVE_MS);
  const list = usePolled(async (signal) => {
    const found = await get(deviceAt(id, "twin", "operations"), {}, signal);
    setPace(found.some((one) => GOING.includes(one.status)) ? LIVE_MS : CALM_MS);
    return found.sort((a, b) => b.created.localeCompare(a.created) || b.id.localeCompare(a.id));
  }, [id], pace);
  const over = (list.data ?? []).filter((one) => !GOING.includes(one.status));
  return { ...list, ended: over.map((one) => one.updated).sort().at(-1) };
}

export function Operations({ id, of: list }) {
  const cancel = (one) => async () => {
    await call("PUT", deviceAt(id, "twin", "operations", one.id, "status"), { body: "CANCELED" });
    list.reload();
  };
  return html`<h3>${t("operations")}</h3><${Waiting} of=${list} />
    ${list.data && (list.data.length ? html`<ol class="commands" aria-live="polite">${list.data.slice(0, SHOWN).map((one) => html`<li key=${one.id}><${Operation} of=${one} cancel=${cancel(one)} /></li>`)}</ol>` : html`<p class="quiet">${t("no_operations")}</p>`)}`;
}

function Operation({ of: one, cancel }) {
  const at = one.paths ?? (one.values ?? []).map((value) => value.path);
  const written = (one.values ?? []).map((value) => `${value.path}=${value.value ?? (value.metadata ?? []).map((each) => `${each.name}=${each.value ?? ""}`).join(" ")}`);
  const { error } = one;
  return html`<article><header><b>${one.type} <${Text}>${at.join(", ")}</${Text}></b> <${State} is=${one.status} /> <${Time} at=${one.updated} /></header>
    ${error && html`<p class="problem"><${Text}>${[error.code, error.details, error.deviceCode?.value, error.deviceCode?.reason].filter(Boolean).join(" · ")}</${Text}></p>`}
    <${Pairs} of=${[
      [t("values"), written.length > 0 && html`<code><${Text}>${written.join("\n")}</${Text}></code>`],
      [t("attempts"), one.policy?.attempts],
    ]} />
    ${may("DEVICE_W") && WAITING.includes(one.status) && html`<div class="row"><${Asking} label=${t("cancel_operation")} question=${t("sure_cancel_operation")} run=${cancel} /></div>`}</article>`;
}

export function Observations({ id }) {
  const list = usePolled((signal) => get(deviceAt(id, "twin", "observations"), {}, signal), [id]);
  const end = (one) => async () => {
    await call("DELETE", deviceAt(id, "twin", "observations", one.id));
    list.reload();
  };
  const columns = [
    { title: t("path"), cell: (o) => html`<code>${o.paths.join(", ")}</code> <${Text}>${o.name}</${Text}>` },
    { title: t("status"), cell: (o) => html`<${State} is=${o.status} />` },
    { title: t("created"), cell: (o) => html`<${Time} at=${o.created} />` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (o) => html`<${Asking} label=${t("end_observation")} question=${t("sure_end_observation", { name: o.paths.join(", ") })} run=${end(o)} />` }] : []),
  ];
  return html`<h3>${t("observations")}</h3><${Waiting} of=${list} />
    ${list.data && html`<${Table} caption=${t("observations")} columns=${columns} rows=${list.data} empty=${t("no_observations")} />`}`;
}
