// What this is, whose, and what it costs.

import { html } from "../html.js";
import { COUNTS, get, ROOT } from "../api.js";
import { number } from "../format.js";
import { Pairs, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may, session } from "../session.js";
import { t } from "../words.js";

const ONCE_MS = 10 * 60_000;

export function About() {
  const found = usePolled(async (signal) => {
    const [tenant, about, devices] = await Promise.all([
      get("api/v0/tenants/me", {}, signal),
      get("console/about.json", {}, signal),
      may("DEVICE_R") ? get(COUNTS, { by: "status" }, signal) : null,
    ]);
    return { tenant, about, devices };
  }, [], ONCE_MS);
  const { data } = found;
  const docs = new URL("docs", ROOT);
  return html`<${Waiting} of=${found} />${data && html`<${Pairs} of=${[
    [t("version"), data.about.version],
    [t("tenant"), html`<${Text}>${data.tenant.name} (${data.tenant.id})</${Text}>`],
    [t("devices"), data.devices && number(data.devices.total)],
    [t("signed_in_until"), session().until && html`<${Time} at=${session().until} />`],
    [t("price_message"), dollars(data.about.price.message)],
    [t("price_command"), dollars(data.about.price.command)],
    [t("api"), html`<a href=${docs.href}>${t("api_description")}</a>`],
    [t("licence"), "Apache-2.0; preact (MIT), htm (Apache-2.0), uPlot (MIT), world-atlas (ISC)"],
  ]} /><p class="note">${t("price_note")}</p>`}`;
}

const dollars = (amounts) => amounts.map((one) => number(one, { style: "currency", currency: "USD", maximumFractionDigits: 2 })).join(" – ");
