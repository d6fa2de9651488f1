// A peer that floods all it is connected to, for bench_sidechannel.mjs: bytes, false work, messages in the owner's name,
// forged invites and welcomes, requests to open, questions about ledgers. Arguments: bootstrap nodes, channels of the
// side channel as JSON { plain, work, owned, owner }, seconds.
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { Reference } from '../interop/side_reference.mjs'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const Hyperswarm = require('hyperswarm')
const packages = { sodium: require('sodium-native'), Protomux: require('protomux'), c: require('compact-encoding') }
const EVERY_MS = 10
const BYTES = 20000

const [bootstrap, json, seconds] = process.argv.slice(2)
const { plain, work, owned, owner } = JSON.parse(json)
const swarm = new Hyperswarm({ bootstrap: [{ host: bootstrap.split(':')[0], port: Number(bootstrap.split(':')[1]) }], host: '127.0.0.1' })
const peer = new Reference(packages, swarm.keyPair, { channels: [plain, work, owned], pow: false, relay: false, welcomeRequired: false })
peer.receive = () => {} // it listens to nobody
const forged = '0'.repeat(128)
const hex = (bytes) => randomBytes(bytes).toString('hex')

/** One of each kind for this connection. */
function bother (link) {
  const say = (channel, message, members = {}) => {
    peer.seen.clear()
    peer.sendTo(link, channel, { ...peer.payload(channel, message), ...members })
  }
  const invite = { payload: { channel: plain, inviteePubKey: peer.key, inviterPubKey: owner, expiresAt: Date.now() * 2, issuedAt: 0, nonce: hex(4) }, sig: forged }
  const ledger = { app: 'expense_split_v1', room: plain, to: link.key, sid: hex(8) }
  say(plain, 'x'.repeat(BYTES))
  say(work, 'no work', { pow: { nonce: 1, difficulty: 12 } })
  say(owned, 'by the owner', { from: owner, origin: owner, sig: forged })
  say(plain, { control: 'auth', invite }, { invite })
  say(owned, { control: 'welcome', welcome: { payload: { channel: owned, ownerPubKey: owner, text: '', issuedAt: 0 }, sig: forged } })
  say(plain, { control: 'open_channel', channel: hex(8), invite })
  say(plain, { ...ledger, type: 'expense_hello', fp: hex(16), count: 1000000, heads: [hex(32)] })
  say(plain, { ...ledger, type: 'expense_sync', ranges: [['0', '', 1000000, hex(16)]] })
}

swarm.on('connection', (stream) => peer.attach(stream))
for (const channel of peer.channels) swarm.join(createHash('sha256').update(`sidechannel:${channel}`).digest(), { server: true, client: true })
setInterval(() => { for (const link of peer.links) bother(link) }, EVERY_MS)
setTimeout(() => process.exit(0), seconds * 1000)
