// What pages are made of.

import { html, useEffect, useRef, useState } from "./html.js";
import { Unreachable } from "./api.js";
import { ago, local, utc, visible } from "./format.js";
import { t } from "./words.js";

/** Text that somebody else wrote: whatever direction it runs in, what stands around it keeps its own, and nothing in it is hidden. */
export const Text = ({ children }) => html`<bdi class="text">${[children].flat().map((one) => (typeof one === "string" ? visible(one) : one))}</bdi>`;

/** A moment in the browser's zone, with UTC beside it. */
export function Time({ at }) {
  if (!at) return html`<span class="quiet">–</span>`;
  const moment = new Date(at);
  return html`<time datetime=${moment.toISOString()}>${local(moment)} <small>${utc(moment)}</small></time>`;
}

export function Ago({ at }) {
  if (!at) return html`<span class="quiet">–</span>`;
  return html`<time datetime=${new Date(at).toISOString()} title=${`${local(at)} · ${utc(at)}`}>${ago(at)}</time>`;
}

const GOOD = ["ONLINE", "PROCESSED", "OK", "OBSERVING", "enabled", "active"];
const BAD = ["ERROR", "FAILED", "EXPIRED", "CONNECTIVITY_ERROR", "suspended", "error", "expired", "ACTIVE", "CRITICAL", "MAJOR"];
const BUSY = ["PENDING", "PROCESSING", "RETRYING", "SENT", "SENDING", "DELIVERED", "ACKNOWLEDGED", "MINOR", "WARNING"];

/** A state: its sign and its word say the same as its colour. */
export function State({ is, children }) {
  const [kind, sign] = GOOD.includes(is) ? ["good", "●"] : BAD.includes(is) ? ["bad", "▲"] : BUSY.includes(is) ? ["busy", "◐"] : ["idle", "○"];
  return html`<span class=${`state ${kind}`}><span aria-hidden="true">${sign} </span>${children ?? is ?? "–"}</span>`;
}

/** A table with a caption; a column is `{title, cell}`, a row has a key. Wide ones scroll by themselves. */
export function Table({ caption, columns, rows, keyOf = (row) => row.id, empty = t("nothing") }) {
  if (rows && !rows.length) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0"><table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col">${column.title}</th>`)}</tr></thead>
    <tbody>${(rows ?? []).map((row) => html`<tr key=${keyOf(row)}>${columns.map((column) => html`<td>${column.cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** What was refused, or that something is on its way. */
export function Waiting({ of }) {
  if (of.error) return html`<${Problem} error=${of.error} />`;
  return of.data === undefined ? html`<p class="quiet" role="status">${t("loading")}</p>` : null;
}

export function Problem({ error }) {
  if (!error) return null;
  return html`<p class="problem" role="alert"><span aria-hidden="true">▲ </span>${sentence(error)}</p>`;
}

/** An error as a sentence for people. */
export function sentence(error) {
  if (error.status === 403) return `${t("forbidden")} ${error.message}`;
  if (error.status) return `${error.message} (${error.code || error.status})`;
  return error instanceof Unreachable ? t("unreachable") : error.message;
}

/** A labelled control. */
export function Field({ label, hint, children }) {
  return html`<label class="field"><span>${label}</span> ${children} ${hint && html`<small>${hint}</small>`}</label>`;
}

/** Something that somebody does: `run()` is awaited, and what it is refused is shown below. */
export function Action({ label, run, kind = "", disabled = false }) {
  const [state, setState] = useState({});
  const click = async () => {
    setState({ busy: true });
    try {
      await run();
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  return html`<button type="button" class=${kind} disabled=${disabled || state.busy} onClick=${click}>${label}</button><${Problem} error=${state.error} />`;
}

/** A form whose `submit(fields)` is awaited; `fields` is FormData. Its problem stands in it. */
export function Form({ submit, label, children, kind = "" }) {
  const [state, setState] = useState({});
  const send = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    setState({ busy: true });
    try {
      const done = await submit(new FormData(form), form);
      setState({ done });
    } catch (error) {
      setState({ error });
    }
  };
  return html`<form class=${kind} onSubmit=${send} autocomplete="off">${children}
    <div class="row"><button class="main" disabled=${state.busy}>${label}</button></div>
    <${Problem} error=${state.error} />
    ${state.done && html`<p role="status">${state.done}</p>`}</form>`;
}

/** A dialog over the page; it closes with Escape, and gives the focus back. */
export function Dialog({ title, close, children }) {
  const place = useRef();
  useEffect(() => {
    const before = document.activeElement;
    place.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`<dialog ref=${place} aria-labelledby="dialog-title" onClose=${close}>
    <h2 id="dialog-title">${title}</h2>${children}
    <div class="row"><button type="button" onClick=${() => place.current.close()}>${t("close")}</button></div>
  </dialog>`;
}

/** Ask before something that cannot be taken back. */
export function Asking({ label, question, run, kind = "danger" }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class=${kind} onClick=${() => setOpen(true)}>${label}</button>
    ${open && html`<${Dialog} title=${label} close=${() => setOpen(false)}>
      <p>${question}</p>
      <div class="row"><${Action} label=${label} kind="danger" run=${async () => { await run(); setOpen(false); }} /></div>
    </${Dialog}>`}`;
}

export function Pairs({ of }) {
  return html`<dl>${of.filter(([, value]) => value !== undefined && value !== null && value !== false).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
