// Leads the vendor's host names to a local stack, as an entry in /etc/hosts would, and to its ports.
"use strict";
const net = require("net");

const settings = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const ports = { 8883: settings.mqtts, 1883: settings.mqtt, 443: settings.https };
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const given = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (given && typeof given === "object" && String(given.host).endsWith("internetofthings.ibmcloud.com")) {
    const led = { ...given, host: "127.0.0.1", port: ports[Number(given.port)] || given.port };
    const rest = Array.isArray(args[0]) ? args[0].slice(1) : args.slice(1);
    return connect.call(this, led, ...rest.filter((part) => typeof part === "function"));
  }
  return connect.apply(this, args);
};
