// The groups of the fleet, as a tree.

import { html } from "../html.js";
import { call, COUNTS, get, GROUPS, PAGE, path } from "../api.js";
import { number } from "../format.js";
import { to } from "../location.js";
import { Asking, Field, Form, Table, Text, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may } from "../session.js";
import { t } from "../words.js";

const SLOWLY_MS = 30_000;

export function Groups() {
  const found = usePolled(async (signal) => {
    const [groups, counts] = await Promise.all([every(signal), get(COUNTS, { by: "group" }, signal)]);
    const held = new Map(counts.counts.map((one) => [one.id, one.count]));
    return groups.map((group) => ({ ...group, count: held.get(group.id) ?? 0 })).sort((a, b) => a.path.localeCompare(b.path));
  }, [], SLOWLY_MS);
  const create = async (fields, form) => {
    await call("POST", GROUPS, { body: { pathNode: fields.get("name").trim(), parentId: fields.get("parent"), description: fields.get("description").trim() || undefined } });
    form.reset();
    found.reload();
    return t("saved");
  };
  const remove = (group) => async () => {
    await call("DELETE", path(GROUPS, group.id));
    found.reload();
  };
  const depth = (group) => group.path.split("/").filter(Boolean).length;
  const columns = [
    { title: t("group"), cell: (g) => html`<a class=${`depth depth-${Math.min(depth(g), 8)}`} href=${to(["devices"], { group: g.path })}><${Text}>${g.pathNode ?? "/"}</${Text}></a>` },
    { title: t("path"), cell: (g) => html`<${Text}>${g.path}</${Text}>` },
    { title: t("devices"), cell: (g) => number(g.count) },
    { title: t("description"), cell: (g) => html`<${Text}>${g.description}</${Text}>` },
    ...(may("DEVICE_W") ? [{ title: t("actions"), cell: (g) => g.id !== "root" && html`<${Asking} label=${t("delete")} question=${t("sure_delete", { id: g.path })} run=${remove(g)} />` }] : []),
  ];
  return html`<${Waiting} of=${found} />
    ${found.data && html`${may("DEVICE_W") && html`<details><summary>${t("new_group")}</summary><${Form} submit=${create} label=${t("create")}>
        <${Field} label=${t("name")}><input name="name" required /></${Field}>
        <${Field} label=${t("below")}><select name="parent">${found.data.map((g) => html`<option value=${g.id}>${g.path}</option>`)}</select></${Field}>
        <${Field} label=${t("description")}><input name="description" maxlength="255" /></${Field}></${Form}></details>`}
      <${Table} caption=${t("groups")} columns=${columns} rows=${found.data} />`}`;
}

async function every(signal) {
  const groups = [];
  for (;;) {
    const part = await get(GROUPS, { limit: PAGE, offset: groups.length }, signal);
    groups.push(...part);
    if (part.length < PAGE) return groups;
  }
}
