// The public REST API. Everything that the console shows comes from here, and nothing else is asked.

/** Where the API is: beside the console, whatever stands before both. */
export const ROOT = new URL(location.pathname.replace(/[^/]*\/?$/, ""), location.origin);

/** The statuses of an answer to a key that is none, or none any more. */
export const NO_KEY = [401, 403];

/** Most items that one list answers with. */
export const PAGE = 1000;

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

let key = null;
let whenLost = () => {};

/** From now on requests carry this key; `lost` is called when it no longer opens anything. */
export function use(newKey, lost = () => {}) {
  key = newKey;
  whenLost = lost;
}

/** The body of the answer, null where there is none. Throws Refused. */
export async function call(method, path, options = {}) {
  return (await ask(method, path, options)).body;
}

export const get = (path, query, signal) => call("GET", path, { query, signal });

/** `{items, total}` of a list that says how many there are. */
export async function counted(path, query, signal) {
  const { body, headers } = await ask("GET", path, { query, signal, headers: { "X-Total-Count": "true" } });
  return { items: body, total: Number(headers.get("X-Total-Count") ?? body.length) };
}

/** What the Cumulocity API is asked: it takes a key in the place of a password. */
export const callBasic = (method, path, options = {}) => call(method, path, { ...options, basic: true });

async function ask(method, path, { body, file, query, headers = {}, signal, basic = false }) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const sent = { Accept: "application/json", ...headers };
  const own = key && !("Authorization" in sent);
  if (own && basic) sent.Authorization = `Basic ${btoa(`console:${key}`)}`;
  else if (own) sent["X-API-Key"] = key;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const answer = await sentTo(url, {
    method,
    headers: sent,
    body: body === undefined ? file : JSON.stringify(body),
    signal,
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
    redirect: "error",
  });
  const text = await answer.text();
  const read = parsed(text);
  if (answer.ok) return { body: read, headers: answer.headers };
  if (own && (await isOver(answer.status, basic))) whenLost();
  throw new Refused(answer.status, read?.code ?? read?.error ?? "", read?.message ?? `HTTP ${answer.status}`);
}

/** Whether the key opens nothing any more. One that was deleted is refused like one that may not do this, and by Basic
 * like one of a tenant that has no such API. */
async function isOver(status, basic) {
  if (!NO_KEY.includes(status)) return false;
  if (status === 401 && !basic) return true;
  const own = await sentTo(new URL(`${KEYS}/current_key`, ROOT), { headers: { "X-API-Key": key }, cache: "no-store" });
  return NO_KEY.includes(own.status);
}

async function sentTo(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable(error.message);
  }
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** A path whose segments are encoded. */
export const path = (root, ...segments) => [root, ...segments.map(encodeURIComponent)].join("/");

export const DEVICES = "api/v1/deviceMgt/devices";
export const COMMANDS = "api/v1/deviceMgt/commands";
export const COUNTS = "api/v1/deviceMgt/devicesCount";
export const GROUPS = "api/v1/deviceMgt/groups";
export const STREAMS = "api/v0/data/streams";
export const AUDIT = "api/v0/auditlog/messages";
export const KEYS = "api/v0/apiKeys";
export const USERS = "api/v0/users";
export const FIFOS = "api/v0/topics/fifo";
export const POLICIES = "api/v1/event2action/actionPolicies";
export const DIAGNOSTICS = "api/v1/event2action/diagnostics/actionPolicies";
export const RESOURCES = "api/v0/rm";
export const MODEL = "api/v1/deviceMgt/twin/model/object-definitions";
export const RULES = "api/v1/deviceMgt/twin/data/rules";
export const ALARMS = "alarm/alarms";
export const IDENTITY = "identity";

export const device = (id, ...further) => path(DEVICES, id, ...further);
