// Why is it silent? What of a device was refused, and for a while every message of the key that it came with.

import { html } from "../html.js";
import { AUDIT, call, get, KEYS, path } from "../api.js";
import { Action, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { Audit } from "./audit.js";
import { interfaces } from "./device-list.js";

const SHOWN = 100;
const TRACE_S = 900;

export function Log({ device }) {
  const found = usePolled((signal) => get(AUDIT, { limit: SHOWN, "source.deviceId": device.id }, signal), [device.id]);
  const keys = [...new Set(interfaces(device).map((one) => one.activity?.apiKeyId).filter(Boolean))];
  return html`${may("API_KEY_W") && keys.map((key) => html`<${Trace} id=${key} key=${key} />`)}
    <${Waiting} of=${found} />${found.data && html`<${Audit} messages=${found.data} caption=${t("tab_log")} />`}`;
}

function Trace({ id }) {
  const key = usePolled((signal) => get(path(KEYS, id), {}, signal), [id], 15_000);
  const until = key.data?.debugModeEndTs;
  const turn = async () => {
    await call("PUT", path(KEYS, id, "debugMode"), { body: until ? { activated: false } : { activated: true, durationSeconds: TRACE_S } });
    key.reload();
  };
  if (!key.data) return null;
  return html`<div class="row"><span>${t(until ? "trace_on" : "trace_off", { key: key.data.label ?? id })}</span><${Action} label=${t(until ? "trace_stop" : "trace_start")} run=${turn} /></div>`;
}
