// What opens the tenant's doors: API keys, and users.

import { html, useState } from "../html.js";
import { call, get, KEYS, path, USERS } from "../api.js";
import { Asking, Dialog, Field, Form, State, Table, Text, Time, Waiting } from "../parts.js";
import { usePolled } from "../polling.js";
import { may, session } from "../session.js";
import { t } from "../words.js";

const SLOWLY_MS = 15_000;
const PAGE = 1000;
const SPANS = { for_ever: null, for_a_day: 86_400_000, for_a_month: 30 * 86_400_000, for_a_year: 365 * 86_400_000 };

export const Access = () => html`${may("API_KEY_R") && html`<${Keys} />`}${may("USER_R") && html`<${Users} />`}`;

/** Roles to choose from: nobody gives more than they have. */
const Roles = () => html`<fieldset><legend>${t("roles")}</legend><div class="roles">${session().roles.map((role) => html`<label class="choice"><input type="checkbox" name="roles" value=${role} /> <code>${role}</code></label>`)}</div></fieldset>`;

function Keys() {
  const found = usePolled((signal) => get(KEYS, { size: PAGE }, signal), [], SLOWLY_MS);
  const [made, setMade] = useState(null);
  // What ends in some hours has no keys below it.
  const lasting = session().user || !session().temporary;
  const create = async (fields, form) => {
    // People have no key of their own: theirs stand below the master key.
    const parentId = session().user ? found.data.data.find((key) => key.masterKey)?.id : session().id;
    const span = SPANS[fields.get("span")];
    const body = { parentId, roles: fields.getAll("roles"), label: fields.get("label").trim(), ...(span ? { ttl: span } : {}) };
    setMade(await call("POST", KEYS, { body }));
    form.reset();
    found.reload();
  };
  const revoke = (key) => async () => {
    await call("DELETE", path(KEYS, key.id));
    found.reload();
  };
  const state = (key) => (key.expired ? "expired" : key.active ? "active" : "disabled");
  const columns = [
    { title: t("label"), cell: (k) => html`<${Text}>${k.label ?? k.id}</${Text}> ${k.masterKey && html`<b class="tag">${t("master")}</b>`}` },
    { title: t("status"), cell: (k) => html`<${State} is=${state(k)}>${t(`key_${state(k)}`)}</${State}>` },
    { title: t("created"), cell: (k) => html`<${Time} at=${k.creationTs} />` },
    { title: t("until"), cell: (k) => (k.to ? html`<${Time} at=${k.to} />` : t("for_ever")) },
    { title: t("roles"), cell: (k) => html`<details><summary>${t("n_roles", { n: k.roles.length })}</summary><ul class="plain">${k.roles.map((role) => html`<li><code>${role}</code></li>`)}</ul></details>` },
    ...(may("API_KEY_W") ? [{ title: t("actions"), cell: (k) => !k.masterKey && html`<${Asking} label=${t("revoke")} question=${t("sure_revoke", { key: k.label ?? k.id })} run=${revoke(k)} />` }] : []),
  ];
  return html`<section><h2>${t("keys")}</h2>
    ${may("API_KEY_W") && found.data && lasting && html`<details><summary>${t("new_key")}</summary><${Form} submit=${create} label=${t("create")}>
      <${Field} label=${t("label")}><input name="label" maxlength="24" required /></${Field}>
      <${Field} label=${t("valid")}><select name="span">${Object.keys(SPANS).map((one) => html`<option value=${one}>${t(one)}</option>`)}</select></${Field}>
      <${Roles} /></${Form}></details>`}
    ${made && html`<${Dialog} title=${t("key_made")} close=${() => setMade(null)}><p>${t("key_once")}</p><p><code class="secret">${made.value}</code></p></${Dialog}>`}
    <${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("keys")} columns=${columns} rows=${found.data.data} />`}</section>`;
}

function Users() {
  const found = usePolled((signal) => get(USERS, { size: PAGE }, signal), [], SLOWLY_MS);
  const create = async (fields, form) => {
    const body = { login: fields.get("login").trim(), email: fields.get("email").trim(), password: fields.get("password"), roles: fields.getAll("roles"), tenantId: session().tenant };
    await call("POST", USERS, { body });
    form.reset();
    found.reload();
    return t("saved");
  };
  const able = (user) => async () => {
    await call("POST", path(USERS, user.id), { body: { state: user.state === "enabled" ? "disabled" : "enabled" } });
    found.reload();
  };
  const remove = (user) => async () => {
    await call("DELETE", path(USERS, user.id));
    found.reload();
  };
  const columns = [
    { title: t("login"), cell: (u) => html`<${Text}>${u.login}</${Text}>` },
    { title: t("email"), cell: (u) => html`<${Text}>${u.email}</${Text}>` },
    { title: t("status"), cell: (u) => html`<${State} is=${u.state}>${t(`user_${u.state}`)}</${State}>` },
    { title: t("last_login"), cell: (u) => html`<${Time} at=${u.lastAuthentication} />` },
    { title: t("roles"), cell: (u) => html`<details><summary>${t("n_roles", { n: u.roles.length })}</summary><ul class="plain">${u.roles.map((role) => html`<li><code>${role}</code></li>`)}</ul></details>` },
    ...(may("USER_W") ? [{
      title: t("actions"),
      cell: (u) => html`<${Asking} label=${u.state === "enabled" ? t("disable") : t("enable")} question=${t(u.state === "enabled" ? "sure_disable" : "sure_enable", { id: u.login })} run=${able(u)} /> <${Asking} label=${t("delete")} question=${t("sure_delete", { id: u.login })} run=${remove(u)} />`,
    }] : []),
  ];
  return html`<section><h2>${t("users")}</h2>
    ${may("USER_W") && html`<details><summary>${t("new_user")}</summary><${Form} submit=${create} label=${t("create")}>
      <${Field} label=${t("login")}><input name="login" required minlength="3" /></${Field}>
      <${Field} label=${t("email")}><input name="email" type="email" required /></${Field}>
      <${Field} label=${t("password")}><input name="password" type="password" required autocomplete="new-password" /></${Field}>
      <${Roles} /></${Form}></details>`}
    <${Waiting} of=${found} />${found.data && html`<${Table} caption=${t("users")} columns=${columns} rows=${found.data.data} empty=${t("no_users")} />`}</section>`;
}
