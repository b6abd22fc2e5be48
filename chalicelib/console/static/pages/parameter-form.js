// A parameter that a device is to be set to.

import { html } from "../html.js";
import { Field } from "../parts.js";
import { t } from "../words.js";

const TYPES = ["INT32", "UINT32", "FLOAT", "STRING", "BINARY"];

export const ParameterFields = () => html`<${Field} label=${t("parameter")}><input name="name" required maxlength="250" /></${Field}>
  <${Field} label=${t("type")}><select name="type">${TYPES.map((one) => html`<option>${one}</option>`)}</select></${Field}>
  <${Field} label=${t("value")}><input name="value" /></${Field}>`;

/** `parameters` as the API takes them. Throws an error where a number is none. */
export function parameterOf(fields) {
  const type = fields.get("type");
  const text = fields.get("value");
  if (type === "STRING" || type === "BINARY") return { [fields.get("name")]: { type, value: text } };
  const value = Number(text);
  if (!text.trim() || !Number.isFinite(value)) throw new Error(t("no_number"));
  return { [fields.get("name")]: { type, value } };
}
