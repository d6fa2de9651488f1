// The peer of the reference as far as bench_sidechannel.mjs wants it, made of npm packages: Hyperswarm, the side channel
// of tests/interop/side_reference.mjs, SC-Bridge over ws. Arguments: bootstrap nodes, port of the bridge, token,
// options of the side channel as JSON.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { Reference } from '../interop/side_reference.mjs'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const Hyperswarm = require('hyperswarm')
const packages = { sodium: require('sodium-native'), Protomux: require('protomux'), c: require('compact-encoding') }
const { WebSocketServer } = require('ws')
const FLUSH_MS = 10000
const SEEN = 5000

const [bootstrap, port, token, options] = process.argv.slice(2)
const clients = new Set()

/** Hands messages to the clients of the bridge, and keeps no list for tests. */
class Peer extends Reference {
  tell ({ channel, payload: p }) {
    const event = {
      type: 'sidechannel_message', channel, id: p.id, from: p.from, origin: p.origin, sig: p.sig ?? null,
      relayedBy: p.relayedBy ?? null, ttl: p.ttl, ts: p.ts, message: p.message
    }
    const text = JSON.stringify(event)
    for (const client of clients) client.send(text)
    while (this.seen.size > SEEN) this.seen.delete(this.seen.keys().next().value)
  }
}

function answer (peer, client, m) {
  if (m.type === 'auth') {
    if (m.token === token) clients.add(client)
    return m.token === token ? { type: 'auth_ok' } : { type: 'error', error: 'Unauthorized.' }
  }
  if (m.type === 'stats') return { type: 'stats', channels: [...peer.channels], connectionCount: peer.links.size, sidechannelStarted: true }
  if (m.type === 'send' && peer.send(m.channel, m.message)) return { type: 'sent', channel: m.channel }
  return { type: 'error', error: 'Unknown type.' }
}

const swarm = new Hyperswarm({ bootstrap: bootstrap.split(',').map((text) => ({ host: text.split(':')[0], port: Number(text.split(':')[1]) })), host: '127.0.0.1' })
const peer = new Peer(packages, swarm.keyPair, JSON.parse(options))
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate: false })
server.on('connection', (client) => {
  client._socket.setNoDelay(false) // as bare-ws, the WebSocket of the reference, leaves it
  client.send(JSON.stringify({ type: 'hello', peer: peer.key, requiresAuth: true }))
  client.on('message', (data) => {
    const m = JSON.parse(data)
    client.send(JSON.stringify({ ...(Number.isInteger(m.id) ? { id: m.id } : {}), ...answer(peer, client, m) }))
  })
  client.on('close', () => clients.delete(client))
})

await swarm.dht.fullyBootstrapped()
swarm.on('connection', (stream) => peer.attach(stream))
for (const channel of peer.channels) swarm.join(createHash('sha256').update(`sidechannel:${channel}`).digest(), { server: true, client: true })
let timer
await Promise.race([swarm.flush(), new Promise((resolve) => { timer = setTimeout(resolve, FLUSH_MS) })])
clearTimeout(timer)
process.on('SIGTERM', () => swarm.destroy().finally(() => process.exit(0)))
