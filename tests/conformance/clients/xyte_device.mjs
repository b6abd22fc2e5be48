// A device of Xyte with mqtt.js in MQTT 5: it registers over HTTP, comes back whenever it is thrown out, and answers
// where it is asked to. `node xyte_device.mjs HTTP_URL CA HARDWARE_KEY CLOUD_ID`. A line of standard input is
// a volume to tell, "leave" or "come".
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const mqtt = createRequire(`${process.cwd()}/`)("mqtt");
const [http, ca, hardwareKey, cloudId] = process.argv.slice(2);
const answered = await fetch(`${http}/v1/devices`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ hardware_key: hardwareKey, cloud_id: cloudId, firmware_version: "1.0.0", name: "Hall" }),
});
const { id, access_key: password, mqtt_hub_url: hub } = await answered.json();
console.log("REGISTERED", id, password, hub);

const own = (name) => `v1/device/${id}/${name}`;
const heard = ["command", "config", "license", "incidents"].map(own);
const client = mqtt.connect(hub, {
  protocolVersion: 5,
  clientId: id,
  username: id,
  password,
  ca: readFileSync(ca),
  reconnectPeriod: 500,
  reconnectOnConnackError: true,
  connectTimeout: 60_000,
  resubscribe: false,
});
const send = (topic, body) => client.publishAsync(topic, JSON.stringify(body), { qos: 1 });
const ignore = () => {};
client.on("connect", () => client.subscribe(heard, { qos: 1 }, (error) => error || console.log("LISTENING")));
client.on("close", () => console.log("CLOSED"));
client.on("error", (error) => console.log("ERROR", error.code));
client.on("message", async (topic, payload, { properties }) => {
  const body = JSON.parse(payload.toString());
  const name = topic.slice(own("").length);
  console.log("MESSAGE", JSON.stringify({ name, body, asked: properties?.responseTopic ?? null }));
  const answers =
    name === "command"
      ? ["in_progress", "done"].map((status) => ({ id: body.id, status }))
      : name === "config"
        ? [body]
        : name === "license"
          ? body.map((licence) => ({ id: licence.id, state: "inuse" }))
          : [];
  for (const answer of answers) await send(properties.responseTopic, answer).catch(ignore);
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line === "leave") client.end();
    else if (line === "come") client.reconnect();
    else
      send(own("telemetry"), { status: "online", telemetries: { volume: Number(line) } })
        .catch(ignore)
        .then(() => console.log("SENT"));
  })
  .on("close", () => client.end(true));
