// Drives every endpoint that schemasyncd uses through the vendor's own client (npm polytomic) against the simulator, and holds the answers
// against what that client declares and what the reference says. Where the client has no way to say something (inputs of a new target,
// pages, the Idempotency-Key, Basic authorization) its own fetcher is used. usage: node peers.js URL
'use strict';
const assert = require('assert').strict;
const { PolytomicClient, Polytomic, PolytomicError } = require('polytomic');
const core = require('polytomic/core');
const { declared, choices } = require('./declared');

const url = process.argv[2];
const KEY = 'simulator-key', VERSION = '2025-09-18';
const SALESFORCE = '248df4b7-aa70-47b8-a036-33ac447e668d', FACEBOOK = '5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001';
const HUBSPOT = '9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60', WAREHOUSE = 'b3a1d7c4-22f6-4e0b-9d58-7e6f5a4b3c21';
const SANDBOX = 'd41c2b3a-6f5e-4d8c-b7a9-0e1f2a3b4c5d', NOWHERE = '00000000-0000-4000-8000-0000000000ff';
const once = { maxRetries: 0 };

const client = new PolytomicClient({ environment: url, token: KEY, version: VERSION });

// Members that the reference has and the client's types have not; and some that the simulator has on purpose, as the vendor adds members
// without a new version.
const beyond = {
    TargetCreateInput: ['values'],
    ListModelSyncResponseEnvelope: ['pagination'],
    GetIdentityResponseSchema: ['name'],
    ModelSyncResponse: ['enricher'],
};

// An identity's function is a word to the client, and to the reference also {id, label}.
function inOneForm(key, value) {
    return key === 'function' && value && typeof value === 'object' ? value.id : value;
}
function conforms(value, type) {
    assert.deepEqual(declared(JSON.parse(JSON.stringify(value, inOneForm)), type, beyond), []);
}

async function control(method, path, body) {
    const answer = await fetch(`${url}/_control/${path}`, { method, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `control ${path}: ${await answer.clone().text()}`);
    return answer.json();
}

// A request through the client's fetcher: {status, headers, body}.
async function request(method, path, { headers = {}, query, key = KEY } = {}) {
    const answer = await core.fetcher({
        url: `${url}/api/${path}`, method, queryParameters: query, timeoutMs: 10000, maxRetries: 0,
        headers: { Authorization: key && core.BearerToken.toAuthorizationHeader(key), 'X-Polytomic-Version': VERSION, ...headers },
    });
    return { ok: answer.ok, status: answer.ok ? 200 : answer.error.statusCode, body: answer.ok ? answer.body : answer.error.body, headers: answer.headers };
}

// The call must fail with this class of the client, and a body of the documented shape.
async function refused(promise, type, status) {
    const error = await promise.then(() => assert.fail(`no ${status}`), error => error);
    assert.ok(error instanceof type, `not a ${type.name} but ${error}`);
    assert.equal(error.statusCode, status);
    wellFormed(error.body, status);
}

function wellFormed(body, status) {
    assert.equal(typeof body.key, 'string');
    assert.equal(typeof body.message, 'string');
    assert.equal(body.status, status);
    if (body.metadata !== undefined && body.metadata !== null) assert.equal(typeof body.metadata, 'object');
}

async function status(connection) {
    const { data } = await client.schemas.getStatus(connection, once);
    return data;
}

async function refreshed(connection) {
    const before = (await status(connection)).last_refresh_finished;
    await client.schemas.refresh(connection, once);
    for (let i = 0; i < 500; i++) {
        const now = await status(connection);
        if (now.cache_status !== 'refreshing' && now.last_refresh_finished > before && now.last_refresh_finished >= now.last_refresh_started)
            return now;
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    return assert.fail('the refresh is not over');
}

const fields = (connection, target, refresh) => client.modelSync.targets.getTargetFields(connection, { target, refresh }, once);
const newFields = (connection, inputs) =>
    request('GET', `connections/${connection}/modelsync/target/fields`, {
        query: Object.fromEntries(Object.entries(inputs).map(([key, value]) => [`properties[${key}]`, value])),
    });

const tests = {
    async 'the key has an identity'() {
        const answer = await client.identity.get(once);
        conforms(answer, 'GetIdentityResponseEnvelope');
        assert.ok(answer.data.email);
    },

    async 'connections are listed'() {
        const answer = await client.connections.list(once);
        conforms(answer, 'ConnectionListResponseEnvelope');
        assert.deepEqual(answer.data.map(item => item.id).sort(), [SALESFORCE, FACEBOOK, HUBSPOT, WAREHOUSE, SANDBOX].sort());
    },

    async 'each connection is the one of the list'() {
        for (const item of (await client.connections.list(once)).data) {
            const answer = await client.connections.get(item.id, once);
            conforms(answer, 'ConnectionResponseEnvelope');
            assert.deepEqual(answer.data, item);
            assert.equal(answer.data.status === 'healthy', item.id !== SANDBOX);
            assert.equal(Boolean(answer.data.status_error), item.id === SANDBOX);
            assert.equal(typeof answer.data.type.name, 'string');
        }
    },

    async 'a refresh is asynchronous and its times advance'() {
        await control('POST', 'settings', { connection: '*', refresh_duration_ms: 200 });
        const before = await status(SALESFORCE);
        conforms({ data: before }, 'BulkSyncSourceStatusEnvelope');
        await client.schemas.refresh(SALESFORCE, once);
        const during = await status(SALESFORCE);
        assert.equal(during.cache_status, 'refreshing');
        assert.equal(during.last_refresh_finished, before.last_refresh_finished);
        assert.ok(during.last_refresh_started > before.last_refresh_started);
        const after = await refreshed(SALESFORCE);
        conforms({ data: after }, 'BulkSyncSourceStatusEnvelope');
        assert.ok(after.last_refresh_finished > before.last_refresh_finished);
    },

    async 'a refresh says where its status is'() {
        const answer = await request('POST', `connections/${SALESFORCE}/schemas/refresh`);
        assert.ok(answer.ok);
        const place = new URL(answer.headers.get('location'), url);
        assert.equal(place.pathname, `/api/connections/${SALESFORCE}/schemas/status`);
        const [entry] = await control('GET', 'log?path=*/schemas/refresh');
        assert.equal(entry.status, 202);
    },

    async 'what is cached is answered until it is refreshed'() {
        const before = (await fields(SALESFORCE, 'Account')).data;
        await control('POST', 'edit', {
            op: 'field_set', connection: SALESFORCE, target: 'Account', field: 'Phone', set: { type: 'peer' },
        });
        const phone = answer => answer.data.fields.find(field => field.id === 'Phone').type;
        const cached = await fields(SALESFORCE, 'Account');
        assert.deepEqual(cached.data, before);
        await refreshed(SALESFORCE);
        const fresh = await fields(SALESFORCE, 'Account');
        assert.equal(phone(fresh), 'peer');
        assert.ok(fresh.data.refreshed_at > before.refreshed_at);
    },

    async 'refresh=true refreshes this one target'() {
        const lead = (await fields(SALESFORCE, 'Lead')).data, contact = (await fields(SALESFORCE, 'Contact')).data;
        await control('POST', 'edit', { op: 'field_remove', connection: SALESFORCE, target: 'Lead', field: 'Rating' });
        assert.deepEqual((await fields(SALESFORCE, 'Lead', false)).data, lead);
        const fresh = (await fields(SALESFORCE, 'Lead', true)).data;
        assert.deepEqual(fresh.fields.map(field => field.id), lead.fields.map(field => field.id).filter(id => id !== 'Rating'));
        assert.ok(fresh.refreshed_at > lead.refreshed_at);
        assert.deepEqual((await fields(SALESFORCE, 'Contact')).data, contact);
    },

    async 'a connection that is not healthy cannot be refreshed'() {
        await refused(client.schemas.refresh(SANDBOX, once), Polytomic.BadRequestError, 400);
    },

    async 'targets are listed, and each answers'() {
        for (const connection of [SALESFORCE, FACEBOOK, HUBSPOT, WAREHOUSE]) {
            const list = await client.modelSync.targets.list(connection, once);
            conforms(list, 'V4TargetObjectsResponseEnvelope');
            assert.ok(list.data.length > 0);
            for (const target of list.data) {
                const answer = await fields(connection, target.id);
                conforms(answer, 'TargetResponseEnvelope');
                assert.equal(answer.data.id, target.id);
                assert.equal(answer.data.name, target.name);
                assert.deepEqual(answer.data.modes.map(mode => mode.mode).sort(), target.modes.map(mode => mode.id).sort());
                assert.ok(!Number.isNaN(Date.parse(answer.data.refreshed_at)));
                const ids = answer.data.fields.map(field => field.id);
                assert.equal(new Set(ids).size, ids.length);
            }
        }
    },

    async 'every member of a target that the client declares is there'() {
        const { data } = await fields(SALESFORCE, 'Account');
        assert.deepEqual(Object.keys(data).sort(), ['fields', 'id', 'modes', 'name', 'properties', 'refreshed_at']);
        for (const field of data.fields) {
            assert.deepEqual(Object.keys(field).sort(), ['association', 'createable', 'description', 'encryptable', 'filterable', 'id',
                'identity_functions', 'name', 'required', 'source_type', 'supports_identity', 'type', 'updateable']);
        }
    },

    async 'modes and identity functions are those that the client knows'() {
        const modes = choices('ModelSyncMode'), functions = choices('SchemaIdentityFunction');
        for (const connection of [SALESFORCE, FACEBOOK, HUBSPOT, WAREHOUSE]) {
            for (const { id } of (await client.modelSync.targets.list(connection, once)).data) {
                const { data } = await fields(connection, id);
                for (const { mode } of data.modes) assert.ok(modes.includes(mode), mode);
                for (const field of data.fields) {
                    for (const item of field.identity_functions) assert.ok(functions.includes(item.id), item.id);
                    assert.equal(field.identity_functions.length > 0, field.supports_identity, `${id} ${field.id}`);
                }
            }
        }
    },

    async 'connections say which targets they create'() {
        const supported = async connection => (await client.modelSync.targets.list(connection, once)).target_creation.supported;
        assert.equal(await supported(FACEBOOK), true);
        assert.equal(await supported(WAREHOUSE), true);
        assert.equal(await supported(SALESFORCE), false);
    },

    async 'inputs of a new target have their values'() {
        const list = await client.modelSync.targets.list(FACEBOOK, once);
        for (const { id } of list.target_creation.properties) {
            const answer = await client.modelSync.targets.getCreateProperty(FACEBOOK, id, once);
            conforms(answer, 'V4TargetPropertyValuesEnvelope');
            assert.equal(answer.data.id, id);
        }
        const account = await client.modelSync.targets.getCreateProperty(FACEBOOK, 'account', once);
        assert.equal(account.data.enum, true);
        assert.deepEqual(account.data.values.map(item => item.value), ['act_1234567', 'act_7654321']);
        const schema = await client.modelSync.targets.getCreateProperty(WAREHOUSE, 'schema', once);
        assert.ok(schema.data.values.some(item => item.value === 'public'));
        await refused(client.modelSync.targets.getCreateProperty(SALESFORCE, 'account', once), Polytomic.NotFoundError, 404);
    },

    async 'a target that is not created yet has its fields'() {
        const answer = await newFields(FACEBOOK, { account: 'act_1234567', name: 'Größe & [more]' });
        assert.ok(answer.ok);
        conforms(answer.body, 'TargetResponseEnvelope');
        assert.equal(answer.body.data.fields.length, 16);
        const table = await newFields(WAREHOUSE, { schema: 'public', name: 't' });
        assert.deepEqual(table.body.data.fields, []);
    },

    async 'inputs that are wrong are refused'() {
        for (const [connection, inputs] of [[FACEBOOK, { account: 'act_1', name: 'n' }], [FACEBOOK, { acount: 'act_1234567' }]]) {
            const answer = await newFields(connection, inputs);
            assert.equal(answer.status, 400);
            wellFormed(answer.body, 400);
        }
    },

    async 'exactly one of target and inputs is taken'() {
        const path = `connections/${FACEBOOK}/modelsync/target/fields`;
        const both = await request('GET', path, { query: { target: 'x', 'properties[name]': 'n' } });
        assert.equal(both.status, 400);
        wellFormed(both.body, 400);
        assert.equal((await request('GET', path)).status, 400);
    },

    async 'syncs are whole in the version that the client is of, and equal one by one'() {
        const old = new PolytomicClient({ environment: url, token: KEY, version: '2024-02-08' });
        const list = await old.modelSync.list({ target_connection_id: SALESFORCE }, once);
        conforms(list, 'ListModelSyncResponseEnvelope');
        assert.equal(list.pagination, undefined);
        assert.ok(list.data.length >= 5);
        for (const sync of list.data) {
            const answer = await old.modelSync.get(sync.id, once);
            assert.deepEqual(answer.data, sync);
            assert.equal(answer.data.target.connection_id, SALESFORCE);
        }
    },

    async 'syncs come in pages in the new version'() {
        const seen = [];
        let token;
        do {
            const answer = await request('GET', 'syncs', {
                query: { target_connection_id: SALESFORCE, limit: 2, ...(token && { page_token: token }) },
            });
            assert.ok(answer.ok);
            assert.ok(answer.body.data.length <= 2);
            seen.push(...answer.body.data);
            token = answer.body.pagination.next_page_token;
            assert.ok(seen.length < 100);
        } while (token);
        assert.equal(new Set(seen.map(sync => sync.id)).size, seen.length);
        for (const sync of seen) {
            assert.equal(sync.target_connection_id, SALESFORCE);
            const { data } = await client.modelSync.get(sync.id, once);
            conforms({ data }, 'ModelSyncResponseEnvelope');
            for (const key of ['id', 'name', 'active', 'mode', 'updated_at']) assert.equal(data[key], sync[key], key);
            assert.equal(data.target.object, sync.target_object);
        }
        const whole = await client.modelSync.list({ target_connection_id: SALESFORCE }, once);
        assert.deepEqual(whole.data.map(sync => sync.id).sort(), seen.map(sync => sync.id).sort());
        assert.equal(whole.pagination.next_page_token, undefined);
    },

    async 'syncs are those of the connection that is asked for'() {
        const count = async query => (await client.modelSync.list(query, once)).data.length;
        assert.equal(await count({ target_connection_id: NOWHERE }), 0);
        let sum = 0;
        for (const connection of [SALESFORCE, FACEBOOK, HUBSPOT, WAREHOUSE, SANDBOX]) sum += await count({ target_connection_id: connection });
        assert.equal(await count({}), sum);
        assert.ok(sum >= 10);
    },

    async 'the syncs of every connection are as the client declares them'() {
        for (const { id } of (await client.modelSync.list({}, once)).data) conforms(await client.modelSync.get(id, once), 'ModelSyncResponseEnvelope');
    },

    async 'a key that is wrong or absent is a 401'() {
        const stranger = new PolytomicClient({ environment: url, token: 'other', version: VERSION });
        await refused(stranger.identity.get(once), Polytomic.UnauthorizedError, 401);
        await refused(stranger.connections.list(once), Polytomic.UnauthorizedError, 401);
        await refused(stranger.modelSync.targets.list(SALESFORCE, once), Polytomic.UnauthorizedError, 401);
        await refused(stranger.schemas.refresh(SALESFORCE, once), Polytomic.UnauthorizedError, 401);
        assert.equal((await request('GET', 'me', { key: '' })).status, 401);
    },

    async 'what is not there is a 404'() {
        await refused(client.connections.get(NOWHERE, once), Polytomic.NotFoundError, 404);
        await refused(client.schemas.getStatus(NOWHERE, once), Polytomic.NotFoundError, 404);
        await refused(client.schemas.refresh(NOWHERE, once), Polytomic.NotFoundError, 404);
        await refused(client.modelSync.targets.list(NOWHERE, once), Polytomic.NotFoundError, 404);
        await refused(fields(SALESFORCE, 'Nothing__c'), Polytomic.NotFoundError, 404);
        await refused(client.modelSync.get(NOWHERE, once), Polytomic.NotFoundError, 404);
    },

    async 'other errors have the classes of the client'() {
        await control('POST', 'faults', { path: '*/api/me', status: 500, times: 1 });
        await refused(client.identity.get(once), Polytomic.InternalServerError, 500);
        await control('POST', 'faults', { path: '*/targetobjects', status: 403, times: 1 });
        await refused(client.modelSync.targets.list(SALESFORCE, once), Polytomic.ForbiddenError, 403);
        await control('POST', 'faults', { path: '*/api/me', status: 429, times: 1 });
        await refused(client.identity.get(once), PolytomicError, 429);
    },

    async 'the client gets over a failure by itself'() {
        await control('POST', 'faults', { path: '*/api/me', status: 503, times: 1 });
        assert.ok((await client.identity.get({ maxRetries: 1 })).data);
        assert.equal((await control('GET', 'log?path=*/api/me')).length, 2);
    },

    async 'every answer names its version'() {
        for (const [asked, answered] of [[VERSION, VERSION], ['2024-02-08', '2024-02-08']]) {
            const answer = await request('GET', 'me', { headers: { 'X-Polytomic-Version': asked } });
            assert.equal(answer.headers.get('x-polytomic-version'), answered);
        }
        const silent = await request('GET', 'me', { headers: { 'X-Polytomic-Version': undefined } });
        assert.match(silent.headers.get('x-polytomic-version'), /^\d{4}-\d\d-\d\d$/);
        const refusal = await fetch(`${url}/api/me`);
        assert.equal(refusal.status, 401);
        assert.match(refusal.headers.get('x-polytomic-version'), /^\d{4}-\d\d-\d\d$/);
        await client.identity.get(once);
        const entries = await control('GET', 'log?path=*/api/me');
        assert.equal(entries.at(-1).headers.version, VERSION);
    },

    async 'the first outcome for an Idempotency-Key is replayed'() {
        const path = `connections/${SALESFORCE}/schemas/refresh`, post = key => request('POST', path, { headers: { 'Idempotency-Key': key } });
        await control('POST', 'faults', { path: '*/schemas/refresh', status: 500, times: 1 });
        assert.equal((await post('peers-key-1')).status, 500);
        const replay = await post('peers-key-1');
        assert.equal(replay.status, 500);
        wellFormed(replay.body, 500);
        assert.ok((await post('peers-key-2')).ok);
        assert.ok((await post('peers-key-2')).ok);
        const entries = await control('GET', 'log?path=*/schemas/refresh');
        assert.deepEqual(entries.map(entry => Boolean(entry.replayed)), [false, true, false, true]);
        assert.equal((await post('short')).status, 400);
        assert.equal((await post('blank here it is')).status, 400);
    },

    async 'a second request under a key that is under way is a 409'() {
        const path = `connections/${SALESFORCE}/schemas/refresh`, post = () => request('POST', path, { headers: { 'Idempotency-Key': 'peers-key-3' } });
        await control('POST', 'faults', { path: '*/schemas/refresh', delay_ms: 300, times: 1 });
        const first = post();
        await new Promise(resolve => setTimeout(resolve, 100));
        const second = await post();
        assert.equal(second.status, 409);
        wellFormed(second.body, 409);
        assert.ok((await first).ok);
    },

    async 'Basic authorization is taken where it is the key'() {
        await control('POST', 'settings', { basic: 'simulator:a:colon' });
        const header = core.BasicAuth.toAuthorizationHeader({ username: 'nobody', password: 'wrong' });
        const answer = await request('GET', 'me', { headers: { Authorization: header } });
        assert.equal(answer.status, 401);
        wellFormed(answer.body, 401);
        const right = core.BasicAuth.toAuthorizationHeader({ username: 'simulator', password: 'a:colon' });
        assert.ok((await request('GET', 'me', { headers: { Authorization: right } })).ok);
    },
};

async function main() {
    let passed = 0, failed = 0;
    for (const [name, test] of Object.entries(tests)) {
        try {
            await control('POST', 'reset');
            await test();
            passed++;
        } catch (error) {
            failed++;
            console.log(`FAILED: ${name}\n    ${String(error.stack || error).split('\n').slice(0, 30).join('\n    ')}`);
        }
    }
    console.log(`peers: ${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
}

main();
