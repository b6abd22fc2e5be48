// A command as its connector wants it.

import { html, useState } from "../html.js";
import { Field } from "../parts.js";
import { t } from "../words.js";

/** The connectors that take commands. */
export const SENDABLE = ["mqtt", "x-connector", "xyte"];
/** Of these, the ones that carry whatever object they are given; the others take `req` and `arg`. */
const FREE = ["x-connector"];
const MODES = ["APPLICATIVE", "NETWORK", "NONE"];

/** Fields of a command; `connectors` are those that may be chosen. */
export function CommandFields({ connectors }) {
  const [connector, setConnector] = useState(connectors[0]);
  return html`<${Field} label=${t("connector")}><select name="connector" value=${connector} onChange=${(e) => setConnector(e.target.value)}>
      ${connectors.map((one) => html`<option value=${one}>${one}</option>`)}</select></${Field}>
    ${!FREE.includes(connector)
      ? html`<${Field} label=${t("command_req")} hint=${t("command_req_hint")}><input name="req" required /></${Field}>
        <${Field} label=${t("command_arg")} hint=${t("json_hint")}><textarea name="arg" rows="3" placeholder='{"delay": 3}'></textarea></${Field}>`
      : html`<${Field} label=${t("command_value")} hint=${t("json_hint")}><textarea name="value" rows="5" required defaultValue="{}"></textarea></${Field}>`}
    <${Field} label=${t("ack_mode")}><select name="ack">${MODES.map((mode) => html`<option value=${mode}>${t(`ack_${mode}`)}</option>`)}</select></${Field}>`;
}

/** What the API takes. Throws an error where JSON is not JSON. */
export function commandOf(fields) {
  const connector = fields.get("connector");
  const free = FREE.includes(connector);
  const value = free ? object(fields.get("value")) : { req: fields.get("req") };
  const arg = !free && object(fields.get("arg"));
  if (arg) value.arg = arg;
  return { request: { connector, value }, policy: { ackMode: fields.get("ack") } };
}

function object(text) {
  if (!text?.trim()) return null;
  let read;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(`${t("no_json")} ${error.message}`);
  }
  if (typeof read !== "object" || Array.isArray(read)) throw new Error(t("no_object"));
  return read;
}
