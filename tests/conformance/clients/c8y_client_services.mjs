// npm @c8y/client: every service but real time, and what of them is not there; the results are printed as JSON.
import { BearerAuth, Client, CrlService, EventBinaryService, FeatureService, TrustedCertificateService } from "@c8y/client";

const { url, tenant, user, password } = JSON.parse(process.env.HOMEPORT_CONFORMANCE);
const results = {};
const [YESTERDAY, TOMORROW] = [-1, 1].map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
const PASSWORD = "A Long enough 1st password!";
const HOUR_AGO = Date.now() - 3_600_000;

/** All elements, page by page, and how many the pages had. */
async function walked(page) {
  const found = [];
  const sizes = [];
  for (let one = page; one.data.length > 0; one = await one.paging.next()) {
    found.push(...one.data);
    sizes.push(one.data.length);
    if (!one.paging.nextPage) break;
  }
  return { found, sizes };
}

/** The status and the error of a call that is to fail; what else than an answer goes wrong is told as it is. */
async function refused(call) {
  const { res, data } = await call.then((answer) => ("res" in answer ? answer : { res: answer }), (failed) => failed);
  return [res.status, (data ?? (await res.json())).error];
}

/** Somebody who may do everything, and has a password: keys are given no tokens. */
async function admin() {
  const client = await Client.authenticate({ tenant, user, password }, url);
  const made = (await client.user.create({ userName: "js-admin", password: PASSWORD })).data;
  const { id } = (await client.userGroup.list({ pageSize: 100 })).data.find((each) => each.name === "admins");
  await client.userGroup.addUserToGroup(id, made.self);
  results.keys = await refused(Client.loginViaOAuthInternal({ tenant, user, password }, true, url));
  return client;
}

async function tokens() {
  const credentials = { tenant, user: "js-admin", password: PASSWORD };
  const token = await Client.loginViaOAuthInternal(credentials, true, url);
  const client = new Client(new BearerAuth(token), url);
  const res = await client.core.fetch("/user/currentUser", { headers: { accept: "application/json" } });
  results.bearer = [token.split(".").length, res.status, (await res.json()).userName];
  const signed = await Client.authenticateViaOAuthInternal(credentials, url);
  results.signed = [signed.core.tenant === tenant, (await signed.inventory.list()).res.status];
  const failed = Client.loginViaOAuthInternal({ ...credentials, password: "wrong" }, true, url);
  results.wrongPassword = await refused(failed);
  results.wrongToken = await refused(new Client(new BearerAuth(`${token}x`), url).inventory.list());
  results.cookies = await refused(Client.loginViaOAuthInternal(credentials, false, url));
  return signed;
}

async function inventory(client) {
  const { inventory, smartGroups } = client;
  const made = (await inventory.create({ name: "kiln", type: "js_Kiln", c8y_IsDevice: {} })).data;
  for (const kind of ["Additions", "Assets", "Devices"]) {
    const [list, create, add, bulk, remove] = ["List", "Create", "Add", "BulkAdd", "Remove"].map(
      (verb) => (...given) => inventory[`child${kind}${verb}`](...given),
    );
    const first = (await create({ name: `${kind} 0` }, made.id)).data;
    const others = [];
    for (let n = 1; n <= 6; n++) others.push((await inventory.create({ name: `${kind} ${n}` })).data.id);
    const added = (await add(others[0], made.id)).data;
    const together = (await bulk(others.slice(1), made.id)).data;
    const all = await walked(await list(made.id, { pageSize: 2, withTotalPages: true }));
    await remove(others[0], made.id);
    const left = (await list(made.id, { pageSize: 100 })).data.length;
    results[kind] = [first.name, added.id === others[0], together.length, all.sizes, new Set(all.found.map(({ id }) => id)).size, left];
  }
  const page = await inventory.list({ text: "Devices", pageSize: 2, withTotalPages: true, withTotalElements: true });
  const second = await page.paging.next();
  const back = await second.paging.prev();
  const last = await page.paging.goto(4);
  results.pages = [page.paging.totalPages, second.paging.currentPage, back.data[0].id === page.data[0].id, last.data.length];
  results.elements = page.paging.totalElements;
  const group = { smartGroup: { name: "hot", type: "c8y_DynamicGroup", c8y_IsDynamicGroup: {} }, deviceQueryString: "type eq js_Kiln" };
  const smart = (await smartGroups.create(group)).data;
  const renamed = (await smartGroups.update({ id: smart.id, name: "cold" })).data;
  results.smart = [(await smartGroups.detail(smart.id)).data.c8y_DeviceQueryString, renamed.name, smartGroups.isSmartGroup(smart)];
  await smartGroups.delete(smart.id);
  results.notOfObjects = [
    await refused(inventory.assetKPIsList(made.id)),
    await refused(inventory.getSupportedMeasurements(made.id)),
    await refused(inventory.getSupportedSeries(made.id)),
  ];
  return made;
}

async function data({ measurement, event, alarm, operation, audit }, kiln) {
  const source = { id: kiln.id };
  const at = (n) => new Date(HOUR_AGO + n * 1000).toISOString();
  const dates = { dateFrom: YESTERDAY, dateTo: TOMORROW };
  const asked = { source: kiln.id, ...dates, pageSize: 2 };
  for (let n = 0; n < 7; n++) {
    await measurement.create({ sourceId: kiln.id, type: "js_Heat", time: at(n), js_Heat: { T: { value: n, unit: "C" } } });
    await event.create({ source, type: "js_Told", text: `told ${n}`, time: at(n) });
    await alarm.create({ source, type: `js_Alarm${n}`, text: "too hot", severity: n % 2 ? "MAJOR" : "MINOR", status: "ACTIVE", time: at(n) });
    await operation.create({ deviceId: kiln.id, js_Do: { n } });
    await audit.create({ source, type: "User", text: `seen ${n}`, activity: "js_Seen", time: at(n) });
  }
  const heat = await walked(await measurement.list({ ...asked, valueFragmentType: "js_Heat", revert: true }));
  results.measurements = [heat.sizes, heat.found.map((each) => each.js_Heat.T.value)];
  const one = (await measurement.detail(heat.found[0].id)).data;
  results.measurement = [one.type, one.js_Heat.T];
  const series = (await measurement.listSeries({ source: kiln.id, series: ["js_Heat.T"], ...dates })).data;
  results.series = [series.series, Object.values(series.values).map(([each]) => each.max), series.truncated];
  const hourly = { source: kiln.id, ...dates, aggregationType: "DAILY" };
  const sums = Object.values((await measurement.listSeries(hourly)).data.values).map(([each]) => each);
  results.aggregated = [Math.min(...sums.map(({ min }) => min)), Math.max(...sums.map(({ max }) => max))];
  const csv = await measurement.getMeasurementsFile({ source: kiln.id, ...dates }, { accept: "text/csv" });
  results.csv = [csv.status, (await csv.text()).trim().split("\n").length];
  await measurement.delete(heat.found[0].id);
  results.noMeasurement = await refused(measurement.detail(heat.found[0].id));

  const told = await walked(await event.list({ ...asked, type: "js_Told" }));
  results.events = [told.sizes, told.found.map((each) => each.text)];
  results.event = (await event.update({ id: told.found[0].id, text: "told again" })).data.text;
  results.told = (await event.detail(told.found[0].id)).data.text;
  await event.delete(told.found[0].id);
  results.noEvent = await refused(event.detail(told.found[0].id));
  results.noFile = await refused(new EventBinaryService(event.client).download(told.found[1].id));

  const raised = await walked(await alarm.list(asked));
  const count = async (filter) => (await alarm.count({ source: kiln.id, ...filter })).data;
  const changed = (await alarm.update({ id: raised.found[0].id, status: "ACKNOWLEDGED" })).data;
  results.alarms = [raised.sizes, changed.status, await count({}), await count({ status: "ACKNOWLEDGED" }), await count({ severity: "MAJOR" })];
  const bulk = await alarm.updateBulk({ status: "CLEARED" }, { source: kiln.id, status: "ACTIVE" });
  results.cleared = [bulk.status, await count({ status: "ACTIVE" }), await count({ resolved: true })];
  results.alarm = (await alarm.detail(raised.found[0].id)).data.severity;

  const asking = { deviceId: kiln.id, pageSize: 2, ...dates };
  const done = await walked(await operation.list(asking));
  const executing = (await operation.update({ id: done.found[0].id, status: "EXECUTING" })).data.status;
  await operation.update({ id: done.found[0].id, status: "FAILED", failureReason: "js" });
  const over = (await operation.detail(done.found[0].id)).data;
  results.operations = [done.sizes, done.found.map((each) => each.js_Do.n), executing, over.status, over.failureReason];
  results.pending = (await operation.list({ deviceId: kiln.id, status: "PENDING", pageSize: 100 })).data.length;
  results.audits = (await walked(await audit.list({ source: kiln.id, type: "User", ...dates, pageSize: 2 }))).sizes;
}

async function people(client) {
  const { userGroup, userRole } = client;
  const [name, first, second] = ["js-ann", "An0ther long enough one!", "A Long enough 2nd password!"];
  const made = (await client.user.create({ userName: name, email: "ann@example.com", password: first })).data;
  for (let n = 0; n < 6; n++) await client.user.create({ userName: `js-ann-${n}`, password: first });
  const users = await walked(await client.user.list({ username: "js-ann", pageSize: 2, withTotalPages: true }));
  const changed = (await client.user.update({ id: made.id, firstName: "Ann" })).data;
  results.users = [users.sizes, changed.firstName, (await client.user.detail(name)).data.email];

  const groups = (await userGroup.list({ pageSize: 100 })).data;
  const admins = (await userGroup.detail(groups.find((each) => each.name === "admins").id)).data;
  await userGroup.addUserToGroup(admins.id, made.self);
  const own = await Client.authenticate({ tenant, user: name, password: first }, url);
  const { user } = own;
  const current = (await user.current()).data;
  const effective = (await user.currentWithEffectiveRoles()).data;
  results.current = [current.userName, user.hasAnyGlobalRole((await user.detail(made.id)).data, [admins.id])];
  results.hasRole = ["ROLE_INVENTORY_ADMIN", "ROLE_NONE"].map((role) => user.hasRole(effective, role));
  results.updated = (await user.updateCurrent({ ...current, lastName: "Lee" })).data.lastName;
  await user.changeCurrentUserPassword(second, first);
  const again = await Client.authenticate({ tenant, user: name, password: second }, url);
  results.again = (await again.user.current()).data.lastName;
  await client.user.changeUserPassword(name, first, PASSWORD);
  results.given = (await Client.authenticate({ tenant, user: name, password: first }, url)).core.tenant === tenant;
  await userGroup.removeUserFromGroup(admins.id, name);
  results.groups = (await client.user.detail(made.id)).data.groups.references.length;

  const roles = await walked(await userRole.list({ pageSize: 50 }));
  const role = (await userRole.detail("ROLE_INVENTORY_READ")).data;
  results.role = [role.id, roles.found.some(({ id }) => id === role.id)];
  for (const each of users.found) await client.user.delete(each.id);
  results.noUser = await refused(client.user.detail(made.id));
  results.notOfUsers = [
    await refused(client.inventoryRole.list()),
    await refused(client.user.inventoryAssignment(user.id ?? name).list()),
    await refused(userGroup.create({ name: "mine" })),
    await refused(client.user.getActivityTotp()),
    await refused(client.user.sendPasswordResetMail("ann@example.com")),
  ];
}

async function options(client) {
  const { login, system, tenant: own } = client.options;
  const option = { category: "js", key: "a key", value: "1" };
  results.option = (await own.create(option)).data.value;
  results.options = [(await own.update({ ...option, value: "2" })).data.value, (await own.detail(option)).data.value];
  for (let n = 0; n < 6; n++) await own.create({ category: "js", key: `key${n}`, value: `${n}` });
  const all = await walked(await own.list({ pageSize: 2 }));
  results.optionPages = all.found.filter((each) => each.category === "js").length;
  for (const each of all.found) if (each.category === "js") await own.delete(each);
  results.noOption = await refused(own.detail(option));
  const [first] = (await system.list()).data;
  results.system = (await system.detail(first)).data.value === first.value;
  results.login = (await login.list()).data.map((each) => each.type);
  results.loginHere = (await login.listForCurrentTenant()).data.length;
  results.kind = [(await client.tenant.current()).data.name === tenant, await client.tenant.currentTenantType()];
}

async function registered({ deviceRegistration, deviceRegistrationBulk, identity, inventory }) {
  const file = "ID;CREDENTIALS;TYPE;NAME\njs-bulk-1;a password of 1;js_Bulk;bulk 1\njs-bulk-2;a password of 2;js_Bulk;bulk 2\n";
  const { numberOfAll, numberOfFailed } = (await deviceRegistrationBulk.create(Buffer.from(file))).data;
  results.bulk = [numberOfAll, numberOfFailed];
  const found = (await identity.detail({ type: "c8y_Serial", externalId: "js-bulk-1" })).data.managedObject;
  const device = await Client.authenticate({ tenant, user: "device_js-bulk-1", password: "a password of 1" }, url);
  results.device = (await device.inventory.detail(found.id)).data.name;
  for (const { id } of (await inventory.list({ type: "js_Bulk" })).data) await inventory.delete(id, { withDeviceUser: true });
  for (let n = 0; n < 7; n++) await deviceRegistration.create({ id: `js-wait-${n}` });
  const waiting = await walked(await deviceRegistration.list({ pageSize: 2 }));
  results.waiting = waiting.found.filter(({ id }) => id.startsWith("js-wait-")).length;
  results.limit = Object.keys((await deviceRegistration.limit()).data);
  results.acceptedAll = (await deviceRegistration.acceptAll()).res.status;
  for (const each of waiting.found) if (each.id.startsWith("js-wait-")) await deviceRegistration.delete(each.id);
  results.noRegistration = await refused(deviceRegistration.detail("js-wait-0"));
}

async function elsewhere(client) {
  const core = client.core;
  results.notServed = {
    applications: await refused(client.application.list()),
    certificates: await refused(new TrustedCertificateService(core).list()),
    crl: await refused(new CrlService(core).downloadCrlFile()),
    features: await refused(new FeatureService(core).list()),
    loginOption: await refused(client.options.login.detail("js")),
    ofUser: await refused(client.application.listByUser(user)),
    security: await refused(client.options.security.detail({ key: "strengthValidity" })),
    support: await refused(client.tenant.enableSupportUser()),
    smartRules: await refused(client.smartRules.isMicroserviceAvailable()),
    tenants: await refused(client.tenant.list()),
  };
}

async function main() {
  const basic = await admin();
  const client = await tokens();
  const kiln = await inventory(client);
  await data(client, kiln);
  await client.inventory.delete(kiln.id, { cascade: true });
  await people(client);
  await options(client);
  await registered(client);
  await elsewhere(client);
  await basic.user.delete("js-admin");
}

main().then(
  () => {
    console.log(JSON.stringify(results));
    process.exit(0);
  },
  (error) => {
    console.log(JSON.stringify({ ...results, failed: [error.stack ?? error, error.res?.status, error.res?.url, error.data] }));
    process.exit(1);
  },
);
