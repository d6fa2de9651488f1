// Two and three intercom-peers on a private network of ours: messages, requests, and one ledger on all of them.
// docs/spec/12-sidechannel.md; docs/spec/13-sc-bridge.md, section 3; docs/spec/16-ledger.md, section 4
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { Client, Peer } from './bridge_support.mjs'
import { check, finish, until } from './check.mjs'
import { onNetwork, startNetwork } from './network_support.mjs'

const ROOM = 'trip-nyc'
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname)

/* --- peers on it --- */

const network = { ...onNetwork(await startNetwork()), sidechannels: ROOM }

async function join (name, flags = {}) {
  const peer = await Peer.start(name, { ...network, ...flags })
  const client = await Client.enter(peer)
  return { name, peer, client }
}

const connected = (p, count) => until(`${p.name} to be connected`, async () =>
  (await p.client.ask({ type: 'stats' })).connectionCount >= count)

const balance = async (p) => (await p.client.ask({ type: 'expense_balance', channel: ROOM })).summary

let alice, bob

check('two peers that know the same node find each other', async () => {
  [alice, bob] = await Promise.all([join('alice'), join('bob')])
  await Promise.all([connected(alice, 1), connected(bob, 1)])
})

check('a message of one client reaches the clients of the other peer', async () => {
  await until('the message', async () => { // who is connected may not have opened the channel yet
    assert.equal((await alice.client.ask({ type: 'send', channel: ROOM, message: 'hello bob' })).type, 'sent')
    return bob.client.has((m) => m.message === 'hello bob')
  })
  const message = await bob.client.heard('sidechannel_message', (m) => m.message === 'hello bob')
  assert.equal(message.channel, ROOM)
  assert.equal(message.from, alice.client.hello.peer)
})

check('an entry that one peer adds is in the balance of the other', async () => {
  const added = await alice.client.ask({ type: 'expense_add', channel: ROOM, payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
  assert.equal(added.type, 'expense_added')
  const event = await bob.client.heard('expense_event')
  assert.equal(event.change, 'added')
  assert.equal(event.verified, true)
  assert.equal(event.author, alice.client.hello.peer)
  assert.equal(event.event.amountCents, 3000)
  assert.deepEqual(await balance(bob), await balance(alice))
})

check('entries of both sides give one ledger, with one fingerprint', async () => {
  for (let i = 0; i < 20; i++) {
    for (const p of [alice, bob]) {
      await p.client.ask({ type: 'expense_add', channel: ROOM, payer: p.name, amount: `${i + 1}.25`, split: 'alice,bob' })
    }
  }
  await until('one fingerprint', async () => {
    const [a, b] = await Promise.all([alice, bob].map((p) => p.client.ask({ type: 'expense_balance', channel: ROOM })))
    return a.fp === b.fp && a.summary.eventCount === 41
  })
})

check('each peer knows that the other has the same ledger, and says so to its clients', async () => {
  for (const p of [alice, bob]) {
    const { peers, same } = await p.client.ask({ type: 'expense_balance', channel: ROOM })
    if (peers !== 1 || same !== 1) await p.client.heard('expense_peers', (m) => m.channel === ROOM && m.peers === 1 && m.same === 1)
  }
})

check('who comes late gets everything', async () => {
  const carol = await join('carol')
  await until('the whole ledger', async () => (await balance(carol)).eventCount === 41)
  assert.deepEqual(await balance(carol), await balance(alice))
  await carol.peer.stop()
})

check('who was away gets what was added meanwhile, and brings what it has', async () => {
  await bob.peer.stop()
  await alice.client.ask({ type: 'expense_add', channel: ROOM, payer: 'alice', amount: '7', split: 'alice,bob' })
  bob = await join('bob')
  await bob.client.ask({ type: 'expense_add', channel: ROOM, payer: 'bob', amount: '3', split: 'alice,bob' })
  await until('one fingerprint', async () => {
    const [a, b] = await Promise.all([alice, bob].map((p) => p.client.ask({ type: 'expense_balance', channel: ROOM })))
    return a.fp === b.fp && a.summary.eventCount === 43
  })
})

check('a ledger that one peer clears is empty on the other', async () => {
  assert.equal((await bob.client.ask({ type: 'expense_clear', channel: ROOM })).type, 'expense_cleared')
  await until('an empty ledger', async () => (await balance(alice)).eventCount === 0)
})

check('a channel that is joined later works as well, and one that was left is silent', async () => {
  for (const p of [alice, bob]) assert.equal((await p.client.ask({ type: 'join', channel: 'later' })).type, 'joined')
  await until('the message', async () => {
    await alice.client.ask({ type: 'send', channel: 'later', message: { n: 1 } })
    return bob.client.has((m) => m.type === 'sidechannel_message' && m.channel === 'later')
  })
  assert.equal((await bob.client.ask({ type: 'leave', channel: 'later' })).type, 'left')
})

check('a peer that floods is blocked, and the others go on', async () => {
  const owner = '11'.repeat(32)
  const flooder = spawn(process.execPath, [path.join(here, '../bench/side_flooder.mjs'), network['dht-bootstrap'],
    JSON.stringify({ plain: ROOM, work: ROOM, owned: 'later', owner }), '60'], { stdio: 'inherit' })
  const counters = async (p) => (await p.client.ask({ type: 'stats', counters: true })).counters
  await until('a block', async () => (await counters(alice)).blocks && (await counters(bob)).blocks)
  const before = await counters(bob)
  for (let n = 0; n < 30; n++) assert.equal((await alice.client.ask({ type: 'send', channel: ROOM, message: { n } })).type, 'sent')
  for (let n = 0; n < 30; n++) await bob.client.heard('sidechannel_message', (m) => m.from === alice.client.hello.peer && m.message.n === n)
  await until('more of the flood', async () => (await counters(bob)).dropped.blocked > before.dropped.blocked)
  flooder.kill()
})

check('peers end well', async () => {
  await Promise.all([alice, bob].map((p) => p.peer.stop()))
})

await finish()
