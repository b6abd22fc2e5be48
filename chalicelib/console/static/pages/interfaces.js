// How a device is reached, and what is known of its connection.

import { html } from "../html.js";
import { call, device as deviceAt, get } from "../api.js";
import { json } from "../format.js";
import { Action, Asking, Pairs, State, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

export function InterfacesTab({ device, reload }) {
  const found = usePolled((signal) => get(deviceAt(device.id, "interfaces"), {}, signal), [device.id]);
  if (!found.data) return html`<${Waiting} of=${found} />`;
  if (!found.data.length) return html`<p class="quiet">${t("no_interface")}</p>`;
  const again = () => {
    found.reload();
    reload();
  };
  return html`${found.data.map((one) => html`<${Interface} key=${`${one.connector}:${one.nodeId}`} id=${device.id} of=${one} reload=${again} />`)}`;
}

function Interface({ id, of: one, reload }) {
  const at = deviceAt(id, "interfaces", `${one.connector}:${one.nodeId}`);
  const able = async () => {
    await call("PATCH", at, { body: { enabled: !one.enabled } });
    reload();
  };
  const remove = async () => {
    await call("DELETE", at);
    reload();
  };
  const { activity = {}, capabilities = {} } = one;
  const what = Object.entries(capabilities).filter(([, is]) => is.available).map(([name]) => name);
  return html`<article><h3><${Text}>${one.connector} · ${one.nodeId}</${Text}></h3>
    <${Pairs} of=${[
      [t("status"), html`<${State} is=${one.status} />`],
      [t("enabled"), one.enabled ? t("yes") : t("no")],
      [t("last_contact"), html`<${Time} at=${one.lastContact} />`],
      [t("takes"), what.join(", ") || t("nothing_now")],
      [t("session_began"), activity.lastSessionStartTime && html`<${Time} at=${activity.lastSessionStartTime} />`],
      [t("session_ended"), activity.lastSessionEndTime && html`<${Time} at=${activity.lastSessionEndTime} />`],
      [t("remote_address"), activity.remoteAddress],
      [t("mqtt_version"), activity.mqttVersion],
      [t("key_id"), activity.apiKeyId],
      [t("security"), activity.security && json(activity.security)],
      [t("created"), html`<${Time} at=${one.created} />`],
    ]} />
    ${may("DEVICE_W") && html`<div class="row"><${Action} label=${one.enabled ? t("disable") : t("enable")} run=${able} />
      <${Asking} label=${t("delete")} question=${t("sure_delete", { id: `${one.connector}:${one.nodeId}` })} run=${remove} /></div>`}</article>`;
}
