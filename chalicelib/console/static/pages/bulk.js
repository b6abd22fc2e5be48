// One thing done to many devices: asked about with their number, done a few at a time, and told device by device.

import { html, useEffect, useRef, useState } from "../html.js";
import { call, device } from "../api.js";
import { json, number } from "../format.js";
import { Dialog, Field, Form, sentence, Table, Text } from "../parts.js";
import { t } from "../words.js";
import { CommandFields, commandOf, SENDABLE } from "./command-form.js";
import { ParameterFields, parameterOf } from "./parameter-form.js";

const SIDE_BY_SIDE = 4;
const SHOWN = 200;

/** What can be done to many: its fields, what is asked of each device, in words too, and how it is sent to one. */
export const JOBS = {
  command: {
    fields: () => html`<${CommandFields} connectors=${SENDABLE} />`,
    read: commandOf,
    says: ({ request }) => json(request.value),
    run: (id, body) => call("POST", device(id, "commands"), { body }),
  },
  configuration: {
    fields: () => html`<${ParameterFields} />`,
    read: parameterOf,
    says: (parameters) => Object.entries(parameters).map(([name, { value }]) => `${name} = ${value}`).join(),
    run: (id, parameters) => call("POST", device(id, "config"), { body: { parameters } }),
  },
  tag: {
    fields: () => html`<${Field} label=${t("tag_add")}><input name="tag_add" maxlength="32" /></${Field}>
      <${Field} label=${t("tag_remove")}><input name="tag_remove" maxlength="32" /></${Field}>`,
    read: (fields) => {
      const asked = { add: fields.get("tag_add").trim(), remove: fields.get("tag_remove").trim() };
      if (!asked.add && !asked.remove) throw new Error(t("no_tag"));
      return asked;
    },
    says: ({ add, remove }) => [add && `+ ${add}`, remove && `− ${remove}`].filter(Boolean).join(", "),
    run: async (id, { add, remove }) => {
      const tags = new Set((await call("GET", device(id))).tags);
      if (add) tags.add(add);
      tags.delete(remove);
      await call("PATCH", device(id), { body: { id, tags: [...tags] } });
    },
  },
  group: {
    fields: () => html`<${Field} label=${t("group")}><input name="group" required placeholder="/plants/lyon" /></${Field}>`,
    read: (fields) => ({ path: fields.get("group").trim() }),
    says: ({ path }) => path,
    run: (id, group) => call("PATCH", device(id), { body: { id, group } }),
  },
};

export function Bulk({ job, ids, close }) {
  const [done, setDone] = useState(null);
  const [asked, setAsked] = useState(null);
  const stopped = useRef(false);
  const { fields, read, says, run } = JOBS[job];
  // What was asked takes the place of a form, and what comes of it that of the question: who uses a keyboard goes along.
  const said = useRef();
  useEffect(() => said.current?.focus(), [asked, done === null]);
  const n = number(ids.length);
  const start = async () => {
    const outcomes = [];
    setDone({ outcomes, over: false });
    const left = [...ids];
    const worker = async () => {
      while (left.length && !stopped.current) {
        const id = left.shift();
        try {
          await run(id, asked);
          outcomes.push({ id });
        } catch (error) {
          outcomes.unshift({ id, error });
        }
        setDone({ outcomes: [...outcomes], over: false });
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
    setDone({ outcomes: [...outcomes], over: true });
  };
  const failed = done?.outcomes.filter((o) => o.error).length;
  const columns = [
    { title: t("device"), cell: (o) => html`<${Text}>${o.id}</${Text}>` },
    { title: t("outcome"), cell: (o) => (o.error ? html`<span class="problem">${sentence(o.error)}</span>` : t(`taken_${job}`)) },
  ];
  return html`<${Dialog} title=${t(`bulk_${job}`)} close=${() => { stopped.current = true; close(); }}>
    ${!asked && html`<${Form} label=${t("go_on")} submit=${async (given) => setAsked(read(given))}>${fields()}</${Form}>`}
    ${asked && !done && html`<div tabindex="-1" ref=${said}><p>${t(`sure_${job}`, { n })}</p><p><code><${Text}>${says(asked)}</${Text}></code></p></div>
      <div class="row"><button type="button" class="danger" onClick=${start}>${t("do_for", { n })}</button>
        <button type="button" onClick=${() => setAsked(null)}>${t("change")}</button></div>`}
    ${done && html`<p role="status" tabindex="-1" ref=${said}>${t(done.over ? "bulk_over" : "bulk_going", { done: number(done.outcomes.length - failed), n, failed: number(failed) })}</p>
      ${!done.over && html`<div class="row"><button type="button" onClick=${() => { stopped.current = true; }}>${t("stop")}</button></div>`}
      <${Table} caption=${t("outcome")} columns=${columns} rows=${done.outcomes.slice(0, SHOWN)} />`}
  </${Dialog}>`;
}
