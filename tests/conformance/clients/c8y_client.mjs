// npm @c8y/client: tenant, inventory, children and identity; the results are printed as JSON.
import { BasicAuth, Client, EventBinaryService } from "@c8y/client";

const { url, tenant, user, password, bootstrap } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};

const client = new Client(new BasicAuth({ tenant, user, password }), url);
const { inventory, identity } = client;

/** All elements, page by page, as the client walks them. */
async function walked(page) {
  const found = [];
  for (let one = page; one.data.length > 0; one = await one.paging.next()) {
    found.push(...one.data);
    if (!one.paging.nextPage) break;
  }
  return found.map((each) => each.name);
}

async function main() {
  results.tenant = (await client.tenant.current()).data.name;
  results.authenticated = (await Client.authenticate({ tenant, user, password }, url)).core.tenant;

  const made = (await inventory.create({ name: "boiler", type: "js_Boiler", c8y_IsDevice: {}, level: { percent: 5 } }))
    .data;
  results.made = [made.name, made.type, made.level];
  const changed = (await inventory.update({ id: made.id, level: { percent: 7 } })).data;
  results.changed = changed.level;
  results.read = (await inventory.detail(made.id)).data.level;

  for (let n = 1; n <= 5; n++) await inventory.childDevicesCreate({ name: `probe ${n}`, type: "js_Probe" }, made.id);
  results.children = await walked(await inventory.childDevicesList(made.id, { pageSize: 2 }));
  results.paged = await walked(await inventory.list({ type: "js_Probe", pageSize: 2, withTotalPages: true }));
  results.count = (await inventory.count({ type: "js_Probe" })).data;
  const query = { __filter: { name: "probe*", type: "js_Probe" }, __orderby: [{ name: -1 }] };
  results.queried = await walked(await inventory.listQuery(query, { pageSize: 2 }));
  results.devices = (await inventory.listQueryDevices({ name: "boiler" })).data.map((each) => each.id === made.id);

  const room = (await inventory.create({ name: "room", type: "js_Room" })).data;
  await inventory.childAssetsAdd(made.id, room.id);
  const probes = (await inventory.list({ type: "js_Probe", pageSize: 2 })).data.map((each) => each.id);
  results.together = (await inventory.childAssetsBulkAdd(probes, room.id)).data.length;
  results.assets = (await inventory.childAssetsList(room.id)).data.length;
  await inventory.childAssetsRemove(probes[0], room.id);
  results.left = (await inventory.childAssetsList(room.id)).data.length;
  results.parents = (await inventory.detail(made.id, { withParents: true })).data.assetParents.references.map(
    (each) => each.managedObject.name,
  );

  const named = { type: "c8y_Serial", externalId: "js 1/a", managedObject: { id: made.id } };
  await identity.create(named);
  const escaped = { type: "c8y_Serial", externalId: encodeURIComponent("js 1/a") };
  results.found = (await identity.detail(escaped)).data.managedObject.id === made.id;
  results.names = (await identity.list(made.id)).data.map((each) => each.externalId);
  await identity.delete(escaped);
  results.gone = await identity.detail(escaped).catch(({ res, data }) => [res.status, data.error]);

  const { deviceRegistration } = client;
  const waiting = (await deviceRegistration.create({ id: "js 1/a" })).data;
  const door = { basicAuth: { user: bootstrap.user, pass: bootstrap.password } };
  const early = await deviceRegistration.bootstrap(waiting.id, door).catch(({ res, data }) => [res.status, data.error]);
  const pending = (await deviceRegistration.detail(waiting.id)).data.status;
  results.asked = [waiting.status, early, pending];
  results.accepted = (await deviceRegistration.accept({ id: waiting.id })).data.status;
  // As the client's own devices do it: again and again, without a pause.
  let given;
  while (!given) given = await deviceRegistration.bootstrap(waiting.id, door).catch(() => undefined);
  const { tenantId, username } = given.data;
  results.given = [given.res.status, tenantId, username];
  const device = await Client.authenticate({ tenant: tenantId, user: username, password: given.data.password }, url);
  const own = (await device.inventory.create({ name: "own", c8y_IsDevice: {} })).data;
  results.owner = own.owner;
  results.reach = (await device.inventory.list()).data.map((each) => each.name);
  results.denied = await device.inventory.detail(made.id).catch(({ res, data }) => [res.status, data.error]);
  results.roles = (await device.user.currentWithEffectiveRoles()).data.effectiveRoles.map((each) => each.name);
  results.registrations = (await deviceRegistration.list()).data.length;
  await inventory.delete(own.id, { withDeviceUser: true });

  const file = (await client.inventoryBinary.create("hello\n", { name: "js.txt", type: "text/plain" })).data;
  results.file = [file.name, file.length, await (await client.inventoryBinary.download(file)).text()];
  results.files = (await client.inventoryBinary.list()).data.map((each) => each.name);
  await client.inventoryBinary.delete(file.id);
  results.fileless = await client.inventoryBinary.download(file).catch(({ res }) => res.status);
  const told = { source: { id: made.id }, type: "js_Log", text: "a log", time: new Date().toISOString() };
  const event = (await client.event.create(told)).data;
  const eventBinary = new EventBinaryService(client.core);
  await eventBinary.upload(Buffer.from([0, 255, 10, 13]), event.id);
  const read = await (await eventBinary.download(event.id)).arrayBuffer();
  results.attached = [...new Uint8Array(read)];
  await eventBinary.delete(event.id);
  const record = (await client.audit.create({ ...told, activity: "js" })).data;
  results.audited = [(await client.audit.detail(record.id)).data.activity, (await client.audit.list()).data.length > 0];

  await inventory.delete(made.id, { cascade: true });
  results.deleted = await inventory.detail(made.id).catch(({ res, data }) => [res.status, data.error]);
}

main().then(
  () => {
    console.log(JSON.stringify(results));
    process.exit(0);
  },
  (error) => {
    console.log(JSON.stringify({ ...results, failed: [error.stack, error.res?.status, error.res?.url, error.data] }));
    process.exit(1);
  },
);
