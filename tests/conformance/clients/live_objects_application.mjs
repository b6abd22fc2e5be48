// A business application as the vendor's Node.js sample speaks: MQTT 3.1, a random client id, one FIFO at QoS 0.
// `node live_objects_application.mjs URL FIFO` with the API key in LO_MQTT_APPLICATION_API_KEY.
import { createRequire } from "node:module";

const mqtt = createRequire(`${process.cwd()}/`)("mqtt");
const [url, fifo] = process.argv.slice(2);

const client = mqtt.connect(url, {
  username: "application",
  password: process.env.LO_MQTT_APPLICATION_API_KEY,
  protocolId: "MQIsdp",
  protocolVersion: 3,
  reconnectPeriod: 0,
  rejectUnauthorized: false,
});
client.on("connect", () => client.subscribe(`fifo/${fifo}`, () => console.log("READY")));
client.on("message", (topic, payload) => console.log("MESSAGE", topic, payload.toString()));
process.stdin.on("end", () => client.end()).resume();
