// Commands of a device: sent here, and followed to what the device itself said of them.

import { html, useState } from "../html.js";
import { call, COMMANDS, device as deviceAt, get, path } from "../api.js";
import { json } from "../format.js";
import { Asking, Form, Pairs, State, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { CommandFields, commandOf, SENDABLE } from "./command-form.js";
import { interfaces } from "./device-list.js";

const FINAL = ["PROCESSED", "ERROR", "CANCELED", "EXPIRED"];
const LIVE_MS = 1000;
const SHOWN = 50;
/** How far each acknowledgement mode goes, in the order in which a command gets there. */
const STEPS = { APPLICATIVE: ["PENDING", "SENT", "DELIVERED", "REPLIED"], NETWORK: ["PENDING", "SENT", "DELIVERED"], NONE: ["PENDING", "SENT"] };

export function Commands({ device }) {
  const [pace, setPace] = useState(LIVE_MS);
  const list = usePolled(async (signal) => {
    const found = await get(deviceAt(device.id, "commands"), { limit: SHOWN }, signal);
    setPace(found.some((command) => !FINAL.includes(command.status)) ? LIVE_MS : 5000);
    return found;
  }, [device.id], pace);
  const own = new Set(interfaces(device).map((one) => one.connector));
  // A device without interfaces takes operations, or has none yet: what is sent waits for it.
  const connectors = own.size ? SENDABLE.filter((one) => own.has(one)) : SENDABLE.slice(0, 1);
  const submit = async (fields, form) => {
    await call("POST", deviceAt(device.id, "commands"), { body: commandOf(fields) });
    form.reset();
    setPace(LIVE_MS);
    list.reload();
    return t("command_kept");
  };
  return html`${may("DEVICE_W") && html`<details open><summary>${t("send_command")}</summary>
      ${connectors.length ? html`<${Form} submit=${submit} label=${t("send")}><${CommandFields} connectors=${connectors} /></${Form}>` : html`<p class="note">${t("takes_no_commands")}</p>`}</details>`}
    <h3>${t("history")}</h3><${Waiting} of=${list} />
    ${list.data && (list.data.length ? html`<ol class="commands" aria-live="polite">${list.data.map((command) => html`<li key=${command.id}><${Command} of=${command} reload=${list.reload} /></li>`)}</ol>` : html`<p class="quiet">${t("no_commands")}</p>`)}`;
}

function Command({ of: command, reload }) {
  const { value } = command.request;
  const cancel = async () => {
    await call("PUT", path(COMMANDS, command.id, "status"), { body: "CANCELED" });
    reload();
  };
  return html`<article><header><b><${Text}>${value?.req ?? json(value)}</${Text}></b> <${State} is=${command.status} /> <${Time} at=${command.created} /></header>
    <${Steps} of=${command} />
    ${command.errorCode && html`<p class="problem"><${Text}>${command.errorCode}</${Text}></p>`}
    <${Pairs} of=${[
      [t("request"), html`<code><${Text}>${json(value)}</${Text}></code>`],
      [t("response"), command.response && html`<code><${Text}>${json(command.response.value)}</${Text}></code>`],
    ]} />
    <details><summary>${t("history")}</summary><ol>${(command.history ?? []).map((entry) => html`<li><${Time} at=${entry.timestamp} /> <${State} is=${entry.deliveryStatus ?? entry.status}>${entry.status} ${entry.deliveryStatus ?? ""}</${State}> <${Text}>${entry.errorCode ?? ""} ${entry.note ?? ""}</${Text}></li>`)}</ol></details>
    ${may("DEVICE_W") && !FINAL.includes(command.status) && html`<div class="row"><${Asking} label=${t("cancel_command")} question=${t("sure_cancel")} run=${cancel} /></div>`}</article>`;
}

/** The way of a command: only what has happened is shown as done. */
function Steps({ of: command }) {
  const steps = STEPS[command.policy?.ackMode] ?? STEPS.APPLICATIVE;
  const reached = Math.max(0, steps.indexOf(command.deliveryStatus === "SENDING" ? "PENDING" : command.deliveryStatus ?? "PENDING"));
  const kind = (n) => (n < reached || (n === reached && command.status === "PROCESSED") ? "done" : n === reached && !FINAL.includes(command.status) ? "now" : n === reached ? "ended" : "open");
  const signs = { done: "✓", now: "◐", ended: "■", open: "·" };
  return html`<ol class="steps" aria-label=${t("way")}>${steps.map((step, n) => html`<li class=${kind(n)} aria-current=${kind(n) === "now" ? "step" : undefined}><span aria-hidden="true">${signs[kind(n)]} </span>${step}<span class="hidden"> ${t(`step_${kind(n)}`)}</span></li>`)}</ol>`;
}
