// npm ibmiotf 0.1.1: REST v0001 and messages; the results are printed as JSON.
"use strict";
const { IotfApplication, IotfDevice } = require("ibmiotf");

const { org, key, token, device } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};

function heard(source, event, pick, publish) {
  return new Promise((resolve) => {
    source.on(event, (...args) => resolve(pick(...args)));
    if (publish) setInterval(publish, 1000).unref();
  });
}

async function main() {
  const app = new IotfApplication({ org, id: device, "auth-key": key, "auth-token": token });
  results.organization = (await app.getOrganizationDetails()).id;
  const made = await app.registerDevice("node", device, { room: 7 });
  results.registered = [made.uuid, made.metadata];
  await app.updateDevice("node", device, { room: 8 });
  results.read = (await app.getDeviceDetails("node", device)).metadata;
  results.listed = (await app.listAllDevicesOfType("node")).map((found) => found.id).includes(device);
  results.types = (await app.listAllDeviceTypes()).map((found) => found.deviceType).includes("node");
  results.all = (await app.listAllDevices()).map((found) => found.id).includes(device);

  app.connect();
  await heard(app, "connect", () => true);
  app.subscribeToDeviceEvents("node", device, "+", "json");
  const config = { org, type: "node", id: device, "auth-method": "token", "auth-token": made.password };
  const client = new IotfDevice(config);
  client.connect();
  await heard(client, "connect", () => true);
  const event = JSON.stringify({ d: { cpu: 60 } });
  results.event = await heard(
    app,
    "deviceEvent",
    (type, id, name, format, payload) => [type, id, name, format, JSON.parse(payload)],
    () => client.publish("status", "json", event)
  );
  results.command = await heard(
    client,
    "command",
    (name, format, payload) => [name, format, JSON.parse(payload)],
    () => app.publishDeviceCommand("node", device, "reboot", "json", JSON.stringify({ delay: 5 }))
  );
  client.disconnect();
  await app.unregisterDevice("node", device);
  results.gone = await app.getDeviceDetails("node", device).then(() => false, () => true);
  console.log(JSON.stringify(results));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
