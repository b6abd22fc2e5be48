// npm @wiotp/sdk 0.7.8: registry, messages, last events; the results are printed as JSON.
"use strict";
const { ApplicationClient, ApplicationConfig, DeviceClient, DeviceConfig } = require("@wiotp/sdk");

const { org, key, token, device } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};

function heard(source, event, pick, publish) {
  return new Promise((resolve) => {
    source.once(event, (...args) => resolve(pick(...args)));
    if (publish) setInterval(publish, 1000).unref();
  });
}

async function main() {
  const app = new ApplicationClient(new ApplicationConfig({ appId: device }, { key, token }, { mqtt: {} }));
  const registry = app.registry;
  results.type = (await registry.registerDeviceType("nodejs", "made")).id;
  const made = await registry.registerDevice("nodejs", device, undefined, { model: "m" }, undefined, { room: 7 });
  results.device = [made.clientId, made.metadata];
  results.read = (await registry.getDevice("nodejs", device)).deviceInfo;
  results.listed = (await registry.listAllDevicesOfType("nodejs")).results.map((found) => found.deviceId);
  await registry.updateDeviceLocation("nodejs", device, { latitude: 1, longitude: 2 });
  results.location = (await registry.getDeviceLocation("nodejs", device)).longitude;

  app.connect();
  await heard(app, "connect", () => true);
  app.subscribeToEvents("nodejs", device, "+", "json", 1);
  const auth = { token: made.authToken };
  const client = new DeviceClient(new DeviceConfig({ orgId: org, typeId: "nodejs", deviceId: device }, auth, { mqtt: {} }));
  client.connect();
  await heard(client, "connect", () => true);
  results.event = await heard(
    app,
    "deviceEvent",
    (type, id, name, format, payload) => [type, id, name, format, JSON.parse(payload)],
    () => client.publishEvent("status", "json", { cpu: 60 }, 1)
  );
  results.command = await heard(
    client,
    "command",
    (name, format, payload) => [name, format, JSON.parse(payload)],
    () => app.publishCommand("nodejs", device, "reboot", "json", { delay: 5 }, 1)
  );
  results.last = (await app.lec.getLastEventsByEventType("nodejs", device, "status")).format;
  client.disconnect();
  await registry.unregisterDevice("nodejs", device);
  await registry.deleteDeviceType("nodejs");
  results.gone = await registry.getDevice("nodejs", device).then(() => false, () => true);
  console.log(JSON.stringify(results));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
