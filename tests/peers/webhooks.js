// Signatures by core/webhook.c, verified by npm standardwebhooks, the specification's own library; and the other way round.
// usage: node webhooks.js SIGNER, a program built from sign.c
'use strict';
const assert = require('assert').strict;
const { execFileSync, spawnSync } = require('child_process');
const crypto = require('crypto');
const { Webhook, WebhookVerificationError } = require('standardwebhooks');

const signer = process.argv[2];
const ID = '0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b77';
const EVENT = JSON.stringify({ type: 'alert.test', timestamp: '2026-01-31T12:00:00Z', data: { summary: 'Größe → 🔥 & "more" \u2028' } });
const now = () => Math.floor(Date.now() / 1000);
const secretOf = length => crypto.randomBytes(length).toString('base64');

function sign(secrets, { id = ID, time = now(), body = EVENT } = {}) {
    const signature = execFileSync(signer, [id, String(time), ...secrets], { input: body, encoding: 'utf8' }).replace(/\n$/, '');
    return { 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': signature };
}
const verified = (secret, headers, body = EVENT) => new Webhook(secret).verify(body, headers);
const refused = (secret, headers, body = EVENT) => assert.throws(() => verified(secret, headers, body), WebhookVerificationError);

const tests = {
    'a signature is verified, whatever the length of the secret'() {
        for (let length = 24; length <= 64; length++) {
            const secret = secretOf(length);
            assert.deepEqual(verified(secret, sign([secret])), JSON.parse(EVENT));
        }
    },

    'with the prefix and without it a secret is the same'() {
        for (const length of [24, 32, 64]) {
            const secret = secretOf(length);
            for (const ours of [secret, `whsec_${secret}`, `whsec_${secret}\n`, ` ${secret}\r\n`])
                for (const theirs of [secret, `whsec_${secret}`]) verified(theirs, sign([ours]));
        }
    },

    'the header is what the library makes itself'() {
        const secret = secretOf(32), time = now();
        const theirs = new Webhook(secret).sign(ID, new Date(time * 1000), EVENT);
        assert.equal(sign([secret], { time })['webhook-signature'], theirs);
    },

    'during a rotation both secrets verify, and no third'() {
        const [fresh, old, other] = [secretOf(64), secretOf(24), secretOf(32)];
        const headers = sign([`whsec_${fresh}`, old]);
        assert.equal(headers['webhook-signature'].split(' ').length, 2);
        verified(fresh, headers);
        verified(old, headers);
        refused(other, headers);
    },

    'what is tampered with is refused'() {
        const secret = secretOf(32), headers = sign([secret]);
        verified(secret, headers);
        refused(secret, headers, EVENT.replace('test', 'Test'));
        refused(secret, headers, `${EVENT}\n`);
        refused(secret, { ...headers, 'webhook-id': ID.replace('0', '1') });
        refused(secret, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) });
        refused(secret, { ...headers, 'webhook-signature': headers['webhook-signature'].toLowerCase() });
        refused(secretOf(32), headers);
    },

    'an old signature is refused, a new one of the same id is not'() {
        const secret = secretOf(32);
        refused(secret, sign([secret], { time: now() - 3600 }));
        verified(secret, sign([secret]));
    },

    'large and empty bodies are signed whole'() {
        const secret = secretOf(32), large = JSON.stringify({ text: 'ä'.repeat(10000) });
        assert.deepEqual(verified(secret, sign([secret], { body: large }), large), JSON.parse(large));
        refused(secret, sign([secret], { body: large }), large.replace(/ä"/, 'a"'));
        assert.equal(verified(secret, sign([secret], { body: '' }), ''), undefined);
    },

    'a secret that the library could not read, or that is too short or too long, is none'() {
        for (const secret of [secretOf(23), secretOf(65), `${secretOf(24)}!`, 'no base64 at all', '', secretOf(32).replace('=', '')]) {
            const run = spawnSync(signer, [ID, '1', secret], { input: EVENT, encoding: 'utf8' });
            assert.equal(run.status, 1, secret);
            assert.match(run.stderr, /must be base64 of 24 to 64 bytes/);
            assert.ok(secret === '' || !run.stderr.includes(secret));
        }
    },
};

let passed = 0, failed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test();
        passed++;
    } catch (error) {
        failed++;
        console.log(`FAILED: ${name}\n    ${String(error.stack || error).split('\n').slice(0, 30).join('\n    ')}`);
    }
}
console.log(`webhooks: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
