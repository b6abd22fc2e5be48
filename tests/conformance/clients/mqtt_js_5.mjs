// mqtt.js 5 in MQTT 5: subscribe, publish, repeat a direct message, leave. `node mqtt_js_5.mjs URL CA CLIENT_ID`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { once } from "node:events";

const mqtt = createRequire(`${process.cwd()}/`)("mqtt");
const [url, ca, clientId] = process.argv.slice(2);

const client = mqtt.connect(url, {
  protocolVersion: 5,
  clientId,
  username: "json+device",
  password: "secret",
  ca: readFileSync(ca),
  wsOptions: { ca: readFileSync(ca) },
  reconnectPeriod: 0,
  connectTimeout: 20_000,
  properties: { sessionExpiryInterval: 7200, receiveMaximum: 10 },
});
const arrived = once(client, "message");
const [connack] = await once(client, "connect");
const { sessionExpiryInterval, topicAliasMaximum } = connack.properties;
console.log("session expiry", sessionExpiryInterval, "topic aliases", topicAliasMaximum);
const [granted] = await client.subscribeAsync("dev/cfg", { qos: 1, nl: true });
console.log("granted", granted.qos);
const properties = { contentType: "text/plain", topicAlias: 3, userProperties: { unit: ["K", "C"] } };
await client.publishAsync("dev/data", "from mqtt.js", { qos: 1, properties });
await client.publishAsync("", "by its alias", { qos: 1, properties: { topicAlias: 3 } });
const denied = await client.publishAsync("dev/cmd", "denied", { qos: 1 }).catch((error) => error);
console.log("denied", denied.code);
const [, payload, message] = await arrived;
const { responseTopic, correlationData, userProperties } = message.properties;
console.log("asked for", responseTopic, JSON.stringify(userProperties));
await client.publishAsync(responseTopic, payload, { qos: 1, properties: { correlationData } });
await client.endAsync();
