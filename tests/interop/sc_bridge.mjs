// The SC-Bridge of intercom-peer with the npm package ws as its client, and its invites and welcomes
// against trac-wallet. docs/spec/13-sc-bridge.md, docs/spec/12-sidechannel.md section 5
import assert from 'node:assert/strict'
import http from 'node:http'
import { Client, Peer, TOKEN, within } from './bridge_support.mjs'
import { check, finish, need } from './check.mjs'

const [{ default: WebSocket }, { default: Wallet }] = await need('ws', 'trac-wallet')
const ROOM = 'trip-nyc'

/** Status of the answer when an upgrade is refused. */
async function refusal (peer, options) {
  const socket = new WebSocket(`ws://127.0.0.1:${peer.port}/`, options)
  return within(new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error('was let in')))
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode))
    socket.once('error', reject)
  }), 'a refusal')
}

/** The canonical text of spec 12, section 3. */
function canonical (v) {
  if (v === null || typeof v !== 'object') return JSON.stringify(v)
  if (Array.isArray(v)) return `[${v.map(canonical).join(',')}]`
  return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(',')}}`
}

const signedBy = (key, { payload, sig }) =>
  Wallet.verify(Buffer.from(sig, 'hex'), Buffer.from(canonical(payload)), Buffer.from(key, 'hex'))

/* --- checks --- */

const peer = await Peer.start('main', { sidechannels: ROOM, 'sc-bridge-cli': 1 })
process.on('exit', () => peer.child.kill('SIGKILL'))

check('hello comes at once, info tells more after auth', async () => {
  const client = await Client.connect(peer)
  assert.equal(client.hello.type, 'hello')
  assert.match(client.hello.peer, /^[0-9a-f]{64}$/)
  assert.equal(client.hello.requiresAuth, true)
  assert.deepEqual(await client.ask({ type: 'info' }), { type: 'error', error: 'Unauthorized.' })
  assert.deepEqual(await client.ask({ type: 'auth', token: TOKEN }), { type: 'auth_ok' })
  const { info } = await client.ask({ type: 'info' })
  assert.equal(info.peerPubkey, client.hello.peer)
  assert.equal(info.peerTracAddress, client.hello.address)
  assert.deepEqual((await client.ask({ type: 'stats' })).channels, ['0000intercom', ROOM])
  await client.end()
})

check('two clients see each other\'s entries at once', async () => {
  const [a, b] = [await Client.enter(peer), await Client.enter(peer)]
  const added = await a.ask({ type: 'expense_add', channel: ROOM, payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
  const event = await b.next()
  assert.equal(event.type, 'expense_event')
  assert.equal(event.change, 'added')
  assert.equal(event.author, a.hello.peer)
  assert.equal(event.verified, true)
  assert.equal(event.event.txId, added.event.txId)
  await b.ask({ type: 'expense_add', channel: ROOM, payer: 'bob', amount: 10, split: ['alice', 'bob'] })
  assert.equal((await a.next()).event.amountCents, 1000)
  const { summary, fp } = await a.ask({ type: 'expense_balance', channel: ROOM })
  assert.equal(summary.totalCents, 4000)
  assert.deepEqual(summary.settlements, [{ from: 'bob', to: 'alice', amountCents: 1000 }])
  assert.equal((await b.ask({ type: 'expense_list', channel: ROOM })).fp, fp)
  assert.equal(a.inbox.length + b.inbox.length, 0)
  await a.end()
  await b.end()
})

check('subscriptions and filters are kept per client', async () => {
  const client = await Client.enter(peer)
  assert.deepEqual(await client.ask({ type: 'subscribe', channels: ['x', ROOM, 'x'] }), { type: 'subscribed', channels: ['x', ROOM] })
  assert.deepEqual(await client.ask({ type: 'unsubscribe', channel: 'x' }), { type: 'subscribed', channels: [ROOM] })
  assert.deepEqual(await client.ask({ type: 'set_filter', filter: 'a+b|c' }), { type: 'filter_set', filter: 'a+b|c' })
  assert.deepEqual(await client.ask({ type: 'clear_filter' }), { type: 'filter_set', filter: '' })
  await client.end()
})

check('a line of the assistant is previewed, then done', async () => {
  const client = await Client.enter(peer)
  const room = { channel: 'words' }
  const said = await client.ask({ type: 'expense_say', ...room, text: 'add alice 12,50 split bob note tea', dryRun: true })
  assert.equal(said.preview, 'Add 12.50 paid by alice, split between alice, bob, note: tea')
  assert.equal(said.result, null)
  assert.equal((await client.ask({ type: 'expense_list', ...room })).count, 0)
  const done = await client.ask({ type: 'expense_say', ...room, text: 'add alice 12,50 split bob note tea' })
  assert.equal(done.result.event.amountCents, 1250)
  assert.match((await client.ask({ type: 'expense_say', ...room, text: 'exprot csv' })).error, /export/)
  await client.end()
})

check('who waits for a plan hears of it, is served, and may take a quick one', async () => {
  const client = await Client.enter(peer)
  const room = { channel: 'large' }
  for (let i = 0; i < 39; i++) { // 40 balances over which a search takes its time
    const [payer, other] = i % 2 ? [`m${i}`, 'zoe'] : ['zoe', `m${i}`]
    const amount = ((1 + i * i * 37 % 499) / 100).toFixed(2)
    await client.ask({ type: 'expense_add', ...room, payer, amount, split: [other], only: true })
  }
  for (const message of [{ id: 901, type: 'expense_balance', ...room }, { id: 902, type: 'ping' }, { id: 903, type: 'expense_cancel', ...room }]) client.send(message)
  const { type, request, steps, budget, payments, lowerBound, id } = await client.next()
  assert.deepEqual({ type, request, id }, { type: 'expense_progress', request: 901, id: undefined })
  assert.ok(steps <= budget && lowerBound <= payments)
  assert.deepEqual([(await client.next()).id, (await client.next()).id], [902, 901])
  assert.deepEqual(await client.next(), { id: 903, type: 'expense_canceled', ...room, answered: 1 })
  const { summary } = await client.ask({ type: 'expense_balance', ...room }) // who waits gets the least
  assert.equal(summary.settlements.length, 30)
  assert.deepEqual(summary.plan, { optimal: true, lowerBound: 30 })
  assert.equal((await client.ask({ type: 'expense_cancel', ...room })).answered, 0)
  await client.end()
})

check('guessing tokens ends the connection with 1008', async () => {
  const client = await Client.connect(peer)
  for (let i = 0; i < 5; i++) {
    assert.equal((await client.ask({ type: 'auth', token: `guess ${i}` })).error, 'Unauthorized.')
  }
  assert.equal(await within(client.closed, 'the end'), 1008)
})

check('a message above 1 MiB ends the connection with 1009', async () => {
  const client = await Client.enter(peer)
  client.send(JSON.stringify({ type: 'send', channel: ROOM, message: 'x'.repeat(1 << 20) }))
  assert.equal(await within(client.closed, 'the end'), 1009)
})

check('64 clients are let in, the next one is not', async () => {
  const clients = []
  for (let i = 0; i < 64; i++) clients.push(await Client.connect(peer))
  assert.equal(await refusal(peer), 503)
  await Promise.all(clients.map((client) => client.end()))
  await (await Client.enter(peer)).end()
})

check('other origins and other host names are refused', async () => {
  assert.equal(await refusal(peer, { origin: 'http://evil.example' }), 403)
  assert.equal(await refusal(peer, { origin: 'null' }), 403)
  assert.equal(await refusal(peer, { headers: { Host: 'evil.example' } }), 403)
})

check('a plain request gets 426', async () => {
  const status = await within(new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port: peer.port }, (response) => resolve(response.statusCode)).on('error', reject)
  }), 'an answer')
  assert.equal(status, 426)
})

check('hostile texts are answered and harm nobody', async () => {
  const client = await Client.enter(peer)
  for (const text of ['', '{', '['.repeat(100000), '{"type":'.repeat(5000), '"\\ud800"', '1e999999', '\u0000']) {
    client.send(text)
    assert.match((await client.next()).error, /^(Invalid JSON|Invalid message)\.$/)
  }
  for (const channel of [null, 5, {}, [], '\ud800', 'a\u0000b', 'x'.repeat(300)]) {
    for (const type of ['send', 'join', 'leave', 'open', 'subscribe', 'expense_add', 'expense_list']) {
      assert.equal(typeof (await client.ask({ type, channel })).type, 'string')
    }
  }
  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
  await client.end()
})

check('/get_keys is refused over the bridge', async () => {
  const client = await Client.enter(peer)
  const { ok, output } = await client.ask({ type: 'cli', command: '/get_keys' })
  assert.equal(ok, false)
  assert.deepEqual(output, [])
  await client.end()
})

check('invites and welcomes of the peer verify with trac-wallet', async () => {
  const client = await Client.enter(peer)
  const invitee = 'b05a010030ef25ed821654558c60510189dfb3bc17d46b02dce23d059e64de7a'
  const invite = await client.ask({ type: 'cli', command: `/sc_invite --channel "caf\u00e9 \u{1f600}" --pubkey ${invitee} --ttl 60` })
  assert.equal(invite.ok, true, invite.error)
  const parsed = JSON.parse(invite.output[0])
  assert.equal(parsed.payload.channel, 'caf\u00e9 \u{1f600}')
  assert.equal(parsed.payload.expiresAt - parsed.payload.issuedAt, 60000)
  assert.ok(signedBy(client.hello.peer, parsed))
  const base64 = /^invite_b64: (.*)$/.exec(invite.output[1])[1]
  assert.deepEqual(JSON.parse(Buffer.from(base64, 'base64').toString()), parsed)
  const welcome = await client.ask({ type: 'cli', command: '/sc_welcome --channel pub1 --text "hello \\"you\\""' })
  assert.ok(signedBy(client.hello.peer, JSON.parse(welcome.output[0])))
  await client.end()
})

check('an invite signed by trac-wallet opens a closed channel', async () => {
  const wallet = new Wallet()
  await wallet.ready
  await wallet.generateKeyPair()
  const inviter = wallet.publicKey.toString('hex')
  const closed = await Peer.start('closed', {
    'sidechannel-invite-required': 1, 'sidechannel-invite-channels': 'priv', 'sidechannel-inviter-keys': inviter
  })
  const client = await Client.enter(closed)
  const payload = {
    channel: 'priv', inviteePubKey: client.hello.peer, inviterPubKey: inviter, inviterAddress: null,
    issuedAt: Date.now(), expiresAt: Date.now() + 60000, nonce: 'abcdefgh', version: 1
  }
  const invite = { payload, sig: wallet.sign(Buffer.from(canonical(payload))).toString('hex') }
  const stale = { ...invite, payload: { ...payload, expiresAt: payload.expiresAt + 1 } }
  const denied = { type: 'error', error: 'Join denied (invite required or invalid).' }
  assert.deepEqual(await client.ask({ type: 'join', channel: 'priv' }), denied)
  assert.deepEqual(await client.ask({ type: 'join', channel: 'priv', invite: stale }), denied)
  const asText = Buffer.from(JSON.stringify(invite)).toString('base64url')
  assert.deepEqual(await client.ask({ type: 'join', channel: 'priv', invite: asText }), { type: 'joined', channel: 'priv' })
  assert.deepEqual(await client.ask({ type: 'send', channel: 'priv', message: { any: 'thing' } }), { type: 'sent', channel: 'priv' })
  await client.end()
  await closed.stop()
})

check('entries are still there after a restart', async () => {
  const first = await Peer.start('again')
  let client = await Client.enter(first)
  const added = await client.ask({ type: 'expense_add', channel: ROOM, payer: 'zoe', amount: '1', split: 'yan' })
  await first.stop()
  assert.equal(await within(client.closed, 'the end'), 1001)
  const second = await Peer.start('again')
  client = await Client.enter(second)
  const { events } = await client.ask({ type: 'expense_list', channel: ROOM })
  assert.deepEqual(events, [added.event])
  await client.end()
  await second.stop()
})

check('the peer ends well', () => peer.stop())

await finish()
