// npm ibmiotf 0.2.41: a gateway and two instances of a scalable application; the results are printed as JSON.
"use strict";
const { IotfApplication, IotfGateway } = require("ibmiotf");

const { org, key, token, device } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};
const SHARED = 8;

function heard(source, event, pick, publish) {
  return new Promise((resolve) => {
    source.on(event, (...args) => resolve(pick(...args)));
    if (publish) setInterval(publish, 1000).unref();
  });
}

async function application(more) {
  const app = new IotfApplication({ org, id: device, "auth-key": key, "auth-token": token, ...more });
  app.connect();
  await heard(app, "connect", () => true);
  return app;
}

async function main() {
  const app = await application({});
  await app.registerDeviceType("gateway-js", "made", undefined, undefined, "Gateway");
  await app.registerDeviceType("behind-js", "made");
  const made = await app.registerDevice("gateway-js", device);
  const members = [];
  for (const instance of ["one", "two"]) members.push(await application({ type: "shared", "instance-id": instance }));
  const told = [];
  for (const member of members) {
    member.on("deviceEvent", (type, id, name) => told.push(name));
    member.subscribeToDeviceEvents("behind-js", device, "+", "json");
  }
  app.subscribeToDeviceEvents("behind-js", device, "+", "json");

  const config = { org, type: "gateway-js", id: device, "auth-method": "token", "auth-token": made.authToken };
  const gateway = new IotfGateway(config);
  gateway.connect();
  await heard(gateway, "connect", () => true);
  gateway.subscribeToGatewayCommand();
  gateway.subscribeToDeviceCommand("behind-js", device);
  const behind = ["behind-js", device];
  results.event = await heard(
    app,
    "deviceEvent",
    (type, id, name, format, payload) => [type, id, name, format, JSON.parse(payload)],
    () => gateway.publishDeviceEvent(...behind, "status", "json", JSON.stringify({ d: { cpu: 60 } }))
  );
  results.command = await heard(
    gateway,
    "command",
    (type, id, name, format, payload) => [type, id, name, format, JSON.parse(payload)],
    () => app.publishDeviceCommand(...behind, "reboot", "json", JSON.stringify({ delay: 5 }))
  );
  for (let n = 0; n < SHARED; n += 1) gateway.publishDeviceEvent(...behind, `shared-${n}`, "json", "{}", 1);
  const shared = () => told.filter((name) => name.startsWith("shared-")).sort();
  for (let tries = 0; shared().length < SHARED && tries < 300; tries += 1) await new Promise((r) => setTimeout(r, 200));
  results.shared = shared();
  console.log(JSON.stringify(results));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
