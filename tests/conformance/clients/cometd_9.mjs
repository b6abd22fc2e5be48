// npm cometd 9 with cometd-nodejs-client 2: an agent by long polling and by WebSocket; printed as JSON.
import { CometD } from "cometd";
import { adapt } from "cometd-nodejs-client";

adapt();
const { url, tenant, user, password, transport } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const token = Buffer.from(`${tenant}/${user}:${password}`).toString("base64");
const headers = { Authorization: `Basic ${token}`, "Content-Type": "application/json", Accept: "application/json" };

async function post(path, body) {
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const agent = await post("/inventory/managedObjects", { c8y_IsDevice: {}, com_cumulocity_model_Agent: {} });
const cometd = new CometD();
for (const other of ["websocket", "long-polling", "callback-polling"]) {
  if (other !== transport) cometd.unregisterTransport(other);
}
cometd.configure({
  url: `${url}/notification/operations`,
  requestHeaders: transport === "websocket" ? {} : { Authorization: `Basic ${token}` },
  logLevel: "warn",
});
const ext = { ext: { "com.cumulocity.authn": { token } } };
const handshake = await new Promise((resolve) => cometd.handshake(ext, resolve));
const heard = [];
let wake = () => {};
const subscribed = await new Promise((resolve) =>
  cometd.subscribe(
    `/${agent.id}`,
    (message) => {
      heard.push(message.data.id);
      wake();
    },
    resolve,
  ),
);
const ordered = [];
for (let n = 0; n < 3; n++) {
  ordered.push((await post("/devicecontrol/operations", { deviceId: agent.id, c8y_Restart: {} })).id);
  while (heard.length <= n) await new Promise((resolve) => (wake = resolve));
}
const left = await new Promise((resolve) => cometd.disconnect(resolve));
console.log(
  JSON.stringify({
    handshake: handshake.successful,
    subscribed: subscribed.successful,
    told: JSON.stringify(heard) === JSON.stringify(ordered),
    left: left.successful,
  }),
);
process.exit(0);
