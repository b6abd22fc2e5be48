// The fleet: found by filters that stand in the address, page by page in the order of ids, and worked on together.

import { html, useState } from "../html.js";
import { call, COUNTS, counted, DEVICES, get, PAGE } from "../api.js";
import { number } from "../format.js";
import { go, to } from "../location.js";
import { Field, Form, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";
import { Bulk, JOBS } from "./bulk.js";
import { Interfaces, lastContact, named, NOT_ONLINE } from "./device-list.js";

const SIZE = 50;
const SELDOM_MS = 60_000;
const MOST_AT_ONCE = 10_000;
const FILTERS = ["id", "name", "tag", "group", "connector", "status", "property"];
const STATUSES = { online: "ONLINE", not_online: NOT_ONLINE, offline: "OFFLINE", registered: "REGISTERED" };
const FIELDS = "id,name,group,tags,interfaces";
const SHOWN_UNLESS_ASKED = "status,contact,group,tags";

/** The filters of the address as the API calls them. */
export function filters(query) {
  const [property, ...value] = (query.property ?? "").split("=");
  return {
    id: query.id,
    name: query.name && `*${query.name}*`,
    tags: query.tag,
    groupPath: query.group,
    connectors: query.connector,
    "interfaces.status": query.status,
    ...(property && value.length ? { [`property.${property.trim()}`]: value.join("=").trim() } : {}),
  };
}

const NAMESPACE = /^urn:lo:nsid:/;

/** What `ask` answers: an id in full is that device alone; where there is none, those whose id goes on from there. */
async function widened(query, ask, none) {
  const answer = await ask(query);
  return none(answer) && NAMESPACE.test(query.id ?? "") ? ask({ ...query, id: query.id.replace(NAMESPACE, "") }) : answer;
}

export function Devices({ query }) {
  const [chosen, setChosen] = useState(new Set());
  const [job, setJob] = useState(null);
  const backward = query.before !== undefined;
  const list = usePolled((signal) => widened(query, (asked) => page(asked, signal), ({ items }) => !items.length), [query]);
  const sum = usePolled((signal) => widened(query, (asked) => total(asked, signal), (n) => !n), [filters(query)], SELDOM_MS);
  const data = list.data && { ...list.data, total: sum.data };
  const shown = (query.columns ?? SHOWN_UNLESS_ASKED).split(",");
  const choose = (id, on) => {
    const next = new Set(chosen);
    next[on ? "add" : "delete"](id);
    setChosen(next);
  };
  const columns = [
    ...(may("DEVICE_W") ? [{
      title: html`<span class="hidden">${t("choose")}</span>`,
      cell: (d) => html`<input type="checkbox" aria-label=${`${t("choose")} ${d.id}`} checked=${chosen.has(d.id)} onChange=${(e) => choose(d.id, e.target.checked)} />`,
    }] : []),
    { title: t("device"), cell: (d) => html`<a href=${to(["devices", d.id])}><${Text}>${named(d)}</${Text}></a>${named(d) !== d.id && html`<br /><small><${Text}>${d.id}</${Text}></small>`}` },
    ...[
      { name: "status", title: t("status"), cell: (d) => html`<${Interfaces} of=${d} />` },
      { name: "contact", title: t("last_contact"), cell: (d) => html`<${Time} at=${lastContact(d)} />` },
      { name: "group", title: t("group"), cell: (d) => html`<${Text}>${d.group?.path}</${Text}>` },
      { name: "tags", title: t("tags"), cell: (d) => (d.tags ?? []).map((tag) => html`<a class="tag" href=${to(["devices"], { tag })}><${Text}>${tag}</${Text}></a> `) },
    ].filter((column) => shown.includes(column.name)),
  ];
  const everything = async () => setChosen(new Set(await widened(query, all, (ids) => !ids.length)));
  return html`<${Filters} query=${query} key=${JSON.stringify(query)} />
    <${Register} />
    <${Waiting} of=${list} />
    ${data && html`${sum.error && sum.data === undefined ? html`<${Waiting} of=${sum} />` : html`<p role="status">${sum.data === undefined ? t("loading") : t("found", { n: number(sum.data) })}</p>`}
      ${may("DEVICE_W") && html`<div class="row tools" role="group" aria-label=${t("chosen_devices")}>
        <span>${t("chosen", { n: number(chosen.size) })}</span>
        <button type="button" onClick=${() => setChosen(new Set([...chosen, ...data.items.map((d) => d.id)]))}>${t("choose_page")}</button>
        ${data.total > data.items.length && data.total <= MOST_AT_ONCE && html`<button type="button" onClick=${everything}>${t("choose_all", { n: number(data.total) })}</button>`}
        ${chosen.size > 0 && html`<button type="button" onClick=${() => setChosen(new Set())}>${t("choose_none")}</button>
          ${Object.keys(JOBS).map((name) => html`<button type="button" onClick=${() => setJob(name)}>${t(`bulk_${name}`)}</button>`)}`}
      </div>`}
      <${Table} caption=${t("devices")} columns=${columns} rows=${data.items} empty=${t("no_devices")} />
      <${Pager} query=${query} items=${data.items} more=${data.more} backward=${backward} />`}
    ${job && html`<${Bulk} job=${job} ids=${[...chosen]} close=${() => { setJob(null); list.reload(); sum.reload(); }} />`}`;
}

/** How many there are in all: counting takes longer than reading a page, and is done less often. */
const total = async (query, signal) => (await counted(DEVICES, { ...filters(query), fields: "id", limit: 1 }, signal)).total;

/** One page; one more than is shown tells whether it goes on. */
async function page(query, signal) {
  const backward = query.before !== undefined;
  const asked = { ...filters(query), fields: FIELDS, limit: SIZE + 1, sort: backward ? "-id" : "id" };
  const items = await get(DEVICES, { ...asked, bookmarkId: query.after ?? query.before }, signal);
  const more = items.length > SIZE;
  const kept = items.slice(0, SIZE);
  return { items: backward ? kept.reverse() : kept, more };
}

/** The ids of all that the filters find. */
async function all(query) {
  const ids = [];
  for (;;) {
    const part = await get(DEVICES, { ...filters(query), fields: "id", limit: PAGE, bookmarkId: ids.at(-1) });
    ids.push(...part.map((device) => device.id));
    if (part.length < PAGE || ids.length >= MOST_AT_ONCE) return ids;
  }
}

function Pager({ query, items, more, backward }) {
  const { after, before, ...rest } = query;
  const first = after === undefined && (!backward || !more);
  const last = !backward && !more;
  if (!items.length || (first && last)) return null;
  return html`<nav class="row" aria-label=${t("paging")}>
    ${!first && html`<a class="button" href=${to(["devices"], { ...rest, before: items[0].id })} rel="prev">← ${t("previous")}</a>`}
    ${!last && html`<a class="button" href=${to(["devices"], { ...rest, after: items.at(-1).id })} rel="next">${t("next")} →</a>`}</nav>`;
}

function Filters({ query }) {
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const columns = fields.getAll("columns").join(",");
    const asked = Object.fromEntries(FILTERS.map((name) => [name, fields.get(name)?.trim()]));
    go(["devices"], { ...asked, columns: columns === SHOWN_UNLESS_ASKED ? "" : columns || "none" });
  };
  const values = (by) => usePolled((signal) => get(COUNTS, { by }, signal), [by], 60_000).data?.counts ?? [];
  const shown = (query.columns ?? SHOWN_UNLESS_ASKED).split(",");
  const offered = { group: values("group"), tag: values("tag"), connector: values("connector") };
  const text = (name, label, hint) => html`<${Field} label=${label} hint=${hint}><input name=${name} defaultValue=${query[name] ?? ""} list=${offered[name] ? `known-${name}` : undefined} /></${Field}>`;
  return html`<form class="filters" role="search" aria-label=${t("filters")} onSubmit=${submit} autocomplete="off">
    ${text("id", t("id_has"))}${text("name", t("name_has"))}${text("tag", t("tag"))}${text("group", t("group"))}${text("connector", t("connector"))}
    <${Field} label=${t("status")}><select name="status"><option value="">${t("any")}</option>${Object.entries(STATUSES).map(([name, value]) => html`<option value=${value} selected=${query.status === value}>${t(`is_${name}`)}</option>`)}</select></${Field}>
    ${text("property", t("property"), t("property_hint"))}
    ${Object.entries(offered).map(([name, known]) => html`<datalist id=${`known-${name}`}>${known.map(({ value }) => html`<option value=${value} />`)}</datalist>`)}
    <details class="columns"><summary>${t("columns")}</summary>${SHOWN_UNLESS_ASKED.split(",").map((name) => html`<label class="choice"><input type="checkbox" name="columns" value=${name} defaultChecked=${shown.includes(name)} /> ${t(`column_${name}`)}</label>`)}</details>
    <div class="row"><button class="main">${t("search")}</button><a class="button" href=${to(["devices"])}>${t("clear")}</a></div></form>`;
}

function Register() {
  if (!may("DEVICE_W")) return null;
  const submit = async (fields) => {
    const given = (name) => fields.get(name).trim() || undefined;
    const id = given("id");
    const body = { id, name: given("name"), tags: given("tags")?.split(",").map((tag) => tag.trim()).filter(Boolean) };
    if (fields.get("mqtt")) body.interfaces = [{ connector: "mqtt", enabled: true, definition: { clientId: id } }];
    await call("POST", DEVICES, { body });
    go(["devices", id]);
  };
  return html`<details><summary>${t("register")}</summary><${Form} submit=${submit} label=${t("register")}>
    <${Field} label=${t("device_id")} hint="urn:lo:nsid:namespace:id"><input name="id" required /></${Field}>
    <${Field} label=${t("name")}><input name="name" maxlength="255" /></${Field}>
    <${Field} label=${t("tags")} hint=${t("by_commas")}><input name="tags" /></${Field}>
    <label class="choice"><input type="checkbox" name="mqtt" defaultChecked /> ${t("with_mqtt")}</label></${Form}></details>`;
}
