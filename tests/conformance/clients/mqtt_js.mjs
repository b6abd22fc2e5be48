// mqtt.js 5: subscribe, publish, repeat a direct message, leave. `node mqtt_js.mjs URL CA CLIENT_ID`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { once } from "node:events";

const mqtt = createRequire(`${process.cwd()}/`)("mqtt");
const [url, ca, clientId] = process.argv.slice(2);

const client = mqtt.connect(url, {
  clientId,
  username: "json+device",
  password: "secret",
  ca: readFileSync(ca),
  wsOptions: { ca: readFileSync(ca) },
  reconnectPeriod: 0,
  connectTimeout: 20_000,
});
const arrived = once(client, "message");
await once(client, "connect");
const [granted] = await client.subscribeAsync("dev/cfg", { qos: 1 });
console.log("granted", granted.qos);
await client.publishAsync("dev/data", "from mqtt.js", { qos: 1 });
const [, payload] = await arrived;
await client.publishAsync("dev/echo", payload, { qos: 1 });
await client.endAsync();
