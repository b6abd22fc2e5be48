// A device as the vendor's Node.js samples speak: MQTT 3.1, subscriptions at QoS 0, messages in the short form, the
// order of the sample's start. `node live_objects_device.mjs URL DEVICE_ID` with the API key in LO_MQTT_DEVICE_API_KEY.
import { createRequire } from "node:module";
import { createHash } from "node:crypto";
import http from "node:http";

const mqtt = createRequire(`${process.cwd()}/`)("mqtt");
const [url, clientId] = process.argv.slice(2);
const resources = { X11_firmware: "1.0" };
const settings = { log_level: { t: "str", v: "DEBUG" } };

const client = mqtt.connect(url, {
  clientId,
  username: "json+device",
  password: process.env.LO_MQTT_DEVICE_API_KEY,
  protocolId: "MQIsdp",
  protocolVersion: 3,
  keepalive: 30,
  reconnectPeriod: 0,
  rejectUnauthorized: false,
});

const send = (topic, body) => client.publish(topic, JSON.stringify(body));
const versions = () => Object.fromEntries(Object.entries(resources).map(([id, v]) => [id, { v, m: {} }]));

client.on("connect", () => {
  send("dev/cfg", { cfg: settings });
  client.subscribe("dev/cfg/upd");
  send("dev/data", { s: `${clientId}!temperature`, ts: new Date().toISOString(), m: "v1", loc: [45.7, 3.1], v: { t: 19.5 } });
  send("dev/rsc", { rsc: versions() });
  client.subscribe("dev/cmd");
  client.subscribe("dev/rsc/upd", () => console.log("READY"));
});

client.on("message", (topic, payload) => {
  const body = JSON.parse(payload.toString());
  console.log("MESSAGE", topic, payload.toString());
  if (topic === "dev/cmd") {
    send("dev/cmd/res", { res: { done: body.req }, cid: body.cid });
  } else if (topic === "dev/cfg/upd") {
    Object.assign(settings, body.cfg);
    send("dev/cfg", body);
  } else if (topic === "dev/rsc/upd") {
    send("dev/rsc/upd/res", { res: "OK", cid: body.cid });
    http.get(body.m.uri, (answer) => {
      const md5 = createHash("md5");
      answer.on("data", (chunk) => md5.update(chunk));
      answer.on("end", () => {
        console.log("DOWNLOADED", md5.digest("hex") === body.m.md5 ? "whole" : "broken");
        resources[body.id] = body.new;
        send("dev/rsc", { rsc: versions() });
      });
    });
  }
});

process.stdin.on("end", () => client.end()).resume();
