// npm ibmiotf 0.2.41 with QuickStart: a device and an application, neither of them registered.
"use strict";
const { IotfApplication, IotfDevice } = require("ibmiotf");

const { device } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};

async function main() {
  const app = new IotfApplication({ org: "quickstart", id: device });
  app.connect();
  await new Promise((resolve) => app.on("connect", resolve));
  app.subscribeToDeviceEvents("node", device, "+", "json");
  const client = new IotfDevice({ org: "quickstart", type: "node", id: device });
  client.connect();
  await new Promise((resolve) => client.on("connect", resolve));
  results.event = await new Promise((resolve) => {
    app.on("deviceEvent", (type, id, name, format, payload) => resolve([type, id, name, format, JSON.parse(payload)]));
    setInterval(() => client.publish("status", "json", JSON.stringify({ d: { cpu: 60 } })), 500).unref();
  });
  console.log(JSON.stringify(results));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
