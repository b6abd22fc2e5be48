// Signing in: with an API key, as a user, with the API key of an organization, or as the user of a tenant.

import { html, useState } from "./html.js";
import { NO_KEY, Refused } from "./api.js";
import { Field, Form } from "./parts.js";
import * as signing from "./session.js";
import { t } from "./words.js";

const WAYS = ["key", "user", "organization", "tenant"];

export function SignIn({ said, entered, lost, languages }) {
  const [way, setWay] = useState("key");
  const [over] = useState(() => {
    const word = sessionStorage.getItem("homeport.once");
    sessionStorage.removeItem("homeport.once");
    return word;
  });
  const submit = async (fields) => {
    const keep = fields.get("keep") === "on";
    try {
      if (way === "user") await signing.logIn(fields.get("login"), fields.get("password"), keep, lost);
      else if (way === "organization") await signing.asOrganization(fields.get("name").trim(), fields.get("token").trim(), keep, lost);
      else if (way === "tenant") await signing.asTenant(fields.get("tenant").trim(), fields.get("login").trim(), fields.get("password"), keep, lost);
      else await signing.withKey(fields.get("key").trim(), keep, lost);
    } catch (error) {
      throw error instanceof Refused && NO_KEY.includes(error.status) ? new Error(t("refused")) : error;
    }
    entered();
  };
  return html`<main class="door"><h1>Homeport</h1>
    ${said && html`<p role="status">${said}</p>`}
    ${over && html`<p class="problem" role="alert">${t("once_over")}</p>`}
    <${Form} submit=${submit} label=${t("sign_in")} key=${way}>
      <fieldset><legend>${t("sign_in_with")}</legend>${WAYS.map((one) => html`<label class="choice">
        <input type="radio" name="way" value=${one} checked=${way === one} onChange=${() => setWay(one)} /> ${t(`way_${one}`)}</label>`)}</fieldset>
      ${way === "key" && html`<${Field} label=${t("api_key")}><input name="key" type="password" required autocomplete="off" /></${Field}>`}
      ${way === "tenant" && html`<${Field} label=${t("tenant")}><input name="tenant" required autocomplete="organization" /></${Field}>`}
      ${["user", "tenant"].includes(way) && html`<${Field} label=${t("login")}><input name="login" required autocomplete="username" /></${Field}>
        <${Field} label=${t("password")}><input name="password" type="password" required autocomplete="current-password" /></${Field}>`}
      ${way === "organization" && html`<${Field} label=${t("organization_key")} hint="a-org123-…"><input name="name" required autocomplete="off" /></${Field}>
        <${Field} label=${t("token")}><input name="token" type="password" required autocomplete="off" /></${Field}>`}
      <label class="choice"><input type="checkbox" name="keep" defaultChecked /> ${t("keep")}</label>
    </${Form}>${languages}</main>`;
}
