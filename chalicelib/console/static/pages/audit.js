// Entries of the audit log: what was refused, and why.

import { html } from "../html.js";
import { to } from "../location.js";
import { State, Table, Text, Time } from "../parts.js";
import { t } from "../words.js";

export function Audit({ messages, caption }) {
  const columns = [
    { title: t("time"), cell: (m) => html`<${Time} at=${m.timestamp} />` },
    { title: t("level"), cell: (m) => html`<${State} is=${m.level} />` },
    {
      title: t("device"),
      cell: (m) => m.source?.deviceId && html`<a href=${to(["devices", m.source.deviceId])}><${Text}>${m.source.deviceId}</${Text}></a>`,
    },
    { title: t("reason"), cell: (m) => html`<${Text}>${m.description}</${Text}>` },
    { title: t("details"), cell: (m) => html`<${Details} of=${m} />` },
  ];
  const rows = messages.map((message, n) => ({ ...message, n }));
  return html`<${Table} caption=${caption} columns=${columns} rows=${rows} keyOf=${(m) => `${m.timestamp} ${m.n}`} empty=${t("nothing_refused")} />`;
}

function Details({ of }) {
  const { reason, ...rest } = of.content ?? {};
  const shown = { ...of.source, ...rest };
  if (!Object.keys(shown).length) return null;
  return html`<details><summary>${of.subcategory ?? of.type}</summary><pre>${JSON.stringify(shown, null, 1)}</pre></details>`;
}
