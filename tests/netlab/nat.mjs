// Two peers behind every pair of NATs: each pair that JavaScript and JavaScript manage, we manage, C on both sides and C
// and JavaScript each way; then NATs that restart, relays and nodes that die. docs/spec/06-hyperdht.md, sections 6 to 11
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { check as register, finish } from '../interop/check.mjs'
import { within } from '../interop/udx_support.mjs'
import { finishLab, LabPeer, later, meet, MIXES, moreNodes, nodes, PAIRS, setNat, startCarrier, withPeers } from './lab.mjs'

const only = new RegExp(process.env.NETLAB_ONLY ?? '')
const check = (name, body) => only.test(name) && register(name, body)
const OURS = MIXES.slice(0, 3)
const named = ([client, server]) => `${client} to ${server}`
const connects = (got) => assert.equal(typeof got, 'number', `it ${got}`)

for (const [name, options] of Object.entries(PAIRS)) {
  check(name, async () => {
    const got = {}
    for (const [client, server] of MIXES) got[named([client, server])] = await meet({ client, server, ...options })
    for (const [mix, ms] of Object.entries(got)) {
      console.log(`        ${mix.padEnd(9)} ${typeof ms === 'number' ? `${ms.toFixed(0)} ms` : ms}`)
    }
    const theirs = got['JS to JS']
    for (const mix of OURS.map(named)) {
      if (typeof theirs === 'number') connects(got[mix])
      else assert.match(String(got[mix]), /^failed .*(HOLEPUNCH|ABORTED)/, 'and says why')
    }
  })
}

// The reference keeps its old address at its nodes for up to five minutes (field lesson 13): only ours heals.
for (const client of ['C', 'JS']) {
  check(`a C server whose NAT has restarted is reached again: ${client} to C`, async () => {
    const meanwhile = async () => {
      setNat('B', 'moved')
      await later(10000)
    }
    connects(await meet({ client, server: 'C', a: 'consistent', b: 'consistent', meanwhile }))
  })
}

check('a client behind a blocked NAT is told that nobody was found', async () => {
  setNat('A', 'consistent')
  setNat('B', 'consistent')
  await withPeers([['C', 'peerb'], ['C', 'peera']], async (server, client) => {
    const key = await server.listen()
    setNat('A', 'block')
    assert.match(String(await client.dial(key)), /^failed/)
  })
})

const MOST_MS = 120000 // for what ends by time-outs of the protocol

/** A server behind NAT B and a client behind NAT A for each mix, and both of them again out of the list. */
const placesOf = (mixes) => mixes.flatMap(([client, server]) => [[server, 'peerb'], [client, 'peera']])
const pairsOf = (peers) => peers.filter((_, i) => i % 2 === 0).map((server, i) => [server, peers[2 * i + 1]])

const DIALS = 5 // a server notices within two rounds of its pings, three seconds each

/** How many dials until it is connected; a peer that is not found is looked for again. */
async function dials (client, key) {
  for (let n = 1; n <= DIALS; n++) {
    const got = await client.dial(key)
    if (typeof got === 'number') return n
    await later(3000)
  }
  return Infinity
}

check('half of the nodes die, some at which servers have announced themselves', async () => {
  setNat('A', 'consistent')
  setNat('B', 'consistent')
  const more = await moreNodes()
  await withPeers(placesOf(MIXES), async (...peers) => {
    const pairs = pairsOf(peers)
    const keys = await Promise.all(pairs.map(([server]) => server.listen()))
    await more.kill()
    const needed = await Promise.all(pairs.map(([, client], i) => dials(client, keys[i])))
    MIXES.forEach((mix, i) => console.log(`        ${named(mix).padEnd(9)} ${needed[i]} dials`))
    for (const n of needed.slice(0, 3)) assert.ok(n <= DIALS)
  })
})

/** A pair that talks through a relay: dials, and keeps the connection. */
async function holdThrough (carrier, server, client) {
  const key = await server.listen()
  client.tell(`relay ${carrier.key}`)
  connects(await client.dial(key, 'hold'))
  return key
}

check('a blind relay dies: both ends hear of it, and meet again through another', async () => {
  setNat('A', 'random')
  setNat('B', 'random')
  const carriers = [await startCarrier(), await startCarrier()]
  await withPeers(placesOf(OURS), async (...peers) => {
    const pairs = pairsOf(peers)
    const keys = await Promise.all(pairs.map(([server, client]) => holdThrough(carriers[0], server, client)))
    const ends = Promise.all(pairs.flatMap(([server, client]) => [client.saw('hung-up', MOST_MS), server.saw('closed', MOST_MS)]))
    await carriers[0].kill()
    for (const [, client] of pairs) client.tell('say anybody-there')
    await within(MOST_MS, 'the end of all', ends)
    for (const [i, [, client]] of pairs.entries()) {
      client.tell(`relay ${carriers[1].key}`)
      connects(await client.dial(keys[i]))
    }
  })
  await carriers[1].kill()
})

check('a blind relay dies when it is no longer needed: nobody notices', async () => {
  setNat('A', 'random')
  setNat('B', 'consistent')
  const carrier = await startCarrier()
  const mixes = OURS.filter(([client]) => client === 'C')
  await withPeers(placesOf(mixes), async (...peers) => {
    const pairs = pairsOf(peers)
    await Promise.all(pairs.map(([server, client]) => holdThrough(carrier, server, client)))
    const direct = async ([, client]) => {
      while ((await client.stats()).streams > 1) await later(200)
    }
    await within(MOST_MS, 'a direct way', Promise.all(pairs.map(direct)))
    await carrier.kill()
    await later(10000) // two keep-alives
    for (const [, client] of pairs) {
      client.tell('say still')
      assert.match(await client.either('echo still', 'hung-up'), /^echo still/)
    }
  })
})

for (const mix of OURS) {
  check(`two swarms behind random NATs meet through a blind relay: ${named(mix)}`, async () => {
    setNat('A', 'random')
    setNat('B', 'random')
    const carrier = await startCarrier()
    const [server, client] = await Promise.all([[mix[1], 'peerb'], [mix[0], 'peera']].map(([kind, ns]) =>
      LabPeer.swarm(kind, ns, carrier.key)))
    const topic = randomBytes(32).toString('hex')
    server.tell(`join ${topic} server`)
    await server.saw('joined')
    client.tell(`join ${topic} client`)
    for (const swarm of [server, client]) assert.match(await swarm.either('message'), /hello$/)
    await Promise.all([server, client, carrier].map((peer) => peer.kill()))
  })
}

check('the nodes are still there', async () => {
  assert.equal(nodes.child.exitCode, null)
  await finishLab()
})

await finish()
