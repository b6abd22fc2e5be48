// npm @c8y/client: an agent that is told its operations, and a person who listens to alarms; printed as JSON.
import { BasicAuth, Client, Realtime } from "@c8y/client";

import WebSocket from "ws";

const { url, tenant, user, password, transport } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
// In a browser there is one, and the client takes it before it takes long polling.
let opened = 0;
if (transport === "websocket") {
  window.WebSocket = class extends WebSocket {
    constructor(...asked) {
      super(...asked);
      opened += 1;
    }
  };
}
const client = new Client(new BasicAuth({ tenant, user, password }), url);

/** The next value that a subscription tells, after it was made. */
function next(realtime, channel) {
  let done;
  const told = new Promise((resolve) => (done = resolve));
  const subscription = realtime.subscribe(channel, (message) => done(message));
  return { told, end: () => realtime.unsubscribe(subscription) };
}

const results = {};
const agent = (await client.inventory.create({ name: "agent", c8y_IsDevice: {}, com_cumulocity_model_Agent: {} })).data;

const operations = new Realtime(client.core, "/notification/operations");
const order = next(operations, `/${agent.id}`);
const alarms = next(client.realtime, `/alarms/${agent.id}`);

// Whoever subscribes is told by nothing that it has been done: what happens is repeated until it is heard.
const made = (await client.operation.create({ deviceId: agent.id, c8y_Restart: {} })).data;
const alarm = { source: { id: agent.id }, type: "js", text: "hot", severity: "MAJOR", time: new Date().toISOString() };
let waits = true;
const raising = (async () => {
  while (waits) {
    await client.alarm.create(alarm);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
})();

const told = await order.told;
results.operation = [told.data.id === made.id, "c8y_Restart" in told.data, told.channel === `/${agent.id}`];
const heard = await alarms.told;
waits = false;
await raising;
results.alarm = [["CREATE", "UPDATE"].includes(heard.data.realtimeAction), heard.data.data.type];
order.end();
alarms.end();
if (transport === "websocket") results.websockets = opened;
console.log(JSON.stringify(results));
process.exit(0);
