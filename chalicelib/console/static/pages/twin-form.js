// What a device that has a model is asked: one resource, or whatever the operations take.

import { html, useState } from "../html.js";
import { Dialog, Field, Form } from "../parts.js";
import { t } from "../words.js";

const TYPES = ["READ", "WRITE", "EXECUTE", "WRITE-METADATA", "CREATE", "DELETE"];
const VALUED = ["WRITE", "CREATE", "WRITE-METADATA"];
const MODES = ["UPDATE", "REPLACE"];
const MOST_ATTEMPTS = 5;

/** A value for one resource. */
export function Write({ at, type, ask }) {
  const [open, setOpen] = useState(false);
  const submit = async (fields) => {
    await ask({ type: "WRITE", paths: [at], values: [{ path: at, value: fields.get("value") }] });
    setOpen(false);
  };
  return html`<button type="button" onClick=${() => setOpen(true)}>${t("write")}</button>
    ${open && html`<${Dialog} title=${`${t("write")} ${at}`} close=${() => setOpen(false)}>
      <${Form} submit=${submit} label=${t("ask_device")}><${Field} label=${t("value")} hint=${type}><input name="value" /></${Field}></${Form}></${Dialog}>`}`;
}

/** Any operation. */
export function Ask({ ask, base }) {
  const [type, setType] = useState(TYPES[0]);
  const submit = async (fields, form) => {
    await ask(asked(fields));
    form.reset();
    setType(TYPES[0]);
    return t("asked_twin");
  };
  return html`<details><summary>${t("ask_else")}</summary><${Form} submit=${submit} label=${t("ask_device")}>
    <${Field} label=${t("operation")}><select name="type" value=${type} onChange=${(e) => setType(e.target.value)}>${TYPES.map((one) => html`<option value=${one}>${one}</option>`)}</select></${Field}>
    <${Field} label=${t("path")} hint="/3/0/9"><input name="path" required defaultValue=${base ?? "/"} /></${Field}>
    ${VALUED.includes(type) && html`<${Field} label=${t("values")} hint=${t(type === "WRITE-METADATA" ? "conditions_hint" : "values_hint")}><textarea name="values" rows="3"></textarea></${Field}>`}
    ${type === "WRITE" && html`<${Field} label=${t("write_mode")}><select name="mode">${MODES.map((one) => html`<option value=${one}>${one}</option>`)}</select></${Field}>`}
    <${Field} label=${t("attempts")}><input name="attempts" type="number" min="1" max=${MOST_ATTEMPTS} /></${Field}></${Form}></details>`;
}

/** What the API takes. */
function asked(fields) {
  const type = fields.get("type");
  const at = fields.get("path").trim();
  const given = (fields.get("values") ?? "").split("\n").map((line) => line.split("=")).filter(([name]) => name.trim())
    .map(([name, ...value]) => [name.trim(), value.join("=").trim()]);
  const attempts = fields.get("attempts");
  const body = { type, ...(attempts ? { policy: { attempts: Number(attempts) } } : {}) };
  if (type === "WRITE-METADATA") {
    return { ...body, values: [{ path: at, metadata: given.map(([name, value]) => (value ? { name, value } : { name })) }] };
  }
  const values = given.map(([path, value]) => ({ path, value }));
  return { ...body, paths: [at], ...(values.length ? { values } : {}), ...(type === "WRITE" ? { writeMode: fields.get("mode") } : {}) };
}
