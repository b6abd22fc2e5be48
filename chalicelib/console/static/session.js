// Who works here: a temporary key of this tab, and what it may do.

import * as api from "./api.js";

const KEPT = "homeport.session";

/** What the server said of the key: `{id, tenant, roles, label, user, temporary, until}`; null while nobody is signed in. */
let present = null;

export const session = () => present;

/** Whether one of these roles is held, or none is needed. The server decides again, whatever is shown. */
export const may = (...roles) => present !== null && (!roles.length || roles.some((r) => present.roles.includes(r)));

/** Sign in with an API key. Throws Refused. */
export async function withKey(key, keep, lost) {
  await adopt(key, lost);
  if (keep) sessionStorage.setItem(KEPT, key);
}

/** Sign in with the API key of an organization: its name and its token. Throws Refused. */
export async function asOrganization(name, token, keep, lost) {
  try {
    return await withKey(token, keep, lost);
  } catch (error) {
    // One that was made elsewhere is no key of ours: it is exchanged for a temporary one.
    if (!(error instanceof api.Refused) || !api.NO_KEY.includes(error.status)) throw error;
  }
  return exchanged(name, token, keep, lost);
}

/** Sign in as a user of the tenant that is named. Throws Refused. */
export const asTenant = (tenant, login, password, keep, lost) => exchanged(`${tenant}/${login}`, password, keep, lost);

/** What goes with every request elsewhere, for a temporary key. */
async function exchanged(name, password, keep, lost) {
  const pair = new TextEncoder().encode(`${name}:${password}`);
  const headers = { Authorization: `Basic ${btoa(String.fromCharCode(...pair))}` };
  const opened = await api.call("POST", "console/session", { headers });
  return withKey(opened.apiKey, keep, lost);
}

/** Sign in with a code that the local stack has printed, once. Throws Refused. */
export async function once(code, lost) {
  const opened = await api.call("POST", "console/once", { body: { code } });
  return withKey(opened.apiKey, true, lost);
}

/** Sign in as a user with a password. Throws Refused. */
export async function logIn(login, password, keep, lost) {
  const opened = await api.call("POST", "api/v0/auth", { body: { login, password } });
  return withKey(opened.apiKey.value, keep, lost);
}

/** Go on with what this tab had before it was loaded anew; whether there was something. */
export async function resume(lost) {
  const kept = sessionStorage.getItem(KEPT);
  if (!kept) return false;
  try {
    await adopt(kept, lost);
    return true;
  } catch (error) {
    if (error instanceof api.Refused) forget();
    return false;
  }
}

/** Sign out: a temporary key is deleted at the platform too. */
export async function end() {
  try {
    if (present?.temporary) await api.call("POST", "api/v0/logout");
  } catch {
    // It ends by itself; this tab forgets it in any case.
  }
  forget();
}

export function forget() {
  present = null;
  api.use(null);
  sessionStorage.removeItem(KEPT);
}

async function adopt(key, lost) {
  api.use(key);
  try {
    const found = await api.get(`${api.KEYS}/current_key`);
    present = {
      id: found.id,
      tenant: found.tenantId,
      roles: found.roles,
      label: found.label,
      user: found.userId,
      temporary: found.sessionKey,
      until: found.to,
    };
    api.use(key, lost);
  } catch (error) {
    api.use(null);
    throw error;
  }
}
