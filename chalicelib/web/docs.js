"use strict";
const made = (name, text, ...inside) => {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
};
const rows = (pairs) => {
  const table = made("table");
  for (const pair of pairs) table.append(made("tr", "", ...pair.map((text) => made("td", text))));
  return table;
};
const bounds = (schema) => Object.entries(schema.items || schema)
  .map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
const shown = (method, path, operation) => {
  const label = made("code", path);
  const verb = made("span", method.toUpperCase());
  verb.className = "method";
  const details = made("details", "", made("summary", "", verb, label, ` ${operation.summary}`));
  details.dataset.text = `${method} ${path} ${operation.summary} ${operation.tags}`.toLowerCase();
  if (operation.description) details.append(made("p", operation.description));
  if (operation["x-roles"]) details.append(made("p", `Roles: ${operation["x-roles"].join(", ")}`));
  if (operation.parameters) details.append(made("h4", "Parameters"), rows(operation.parameters.map(
    (one) => [one.name, one.in, bounds(one.schema), one.description || ""])));
  for (const [kind, one] of Object.entries(operation.requestBody?.content || {}))
    details.append(made("h4", `Body: ${kind}`), made("pre", JSON.stringify(one.schema, null, 1)));
  details.append(made("h4", "Answers"), rows(Object.entries(operation.responses).map(
    ([status, one]) => [status, one.description, (one["x-codes"] || []).join(", ")])));
  return details;
};
fetch("openapi.json").then((answer) => answer.json()).then((described) => {
  const place = document.getElementById("operations");
  place.textContent = "";
  for (const [path, operations] of Object.entries(described.paths))
    for (const [method, operation] of Object.entries(operations)) place.append(shown(method, path, operation));
  document.getElementById("wanted").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const one of place.children) one.hidden = !words.every((word) => one.dataset.text.includes(word));
  });
}).catch((error) => { document.getElementById("operations").textContent = `The document cannot be read: ${error}`; });
