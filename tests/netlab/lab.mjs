// The NAT laboratory as objects: namespaces, programs in them, two peers that meet. Whoever imports this builds it, and
// it goes with the process. Needs root, iproute2, nftables and the packages of tests/interop; ends with 77, and the
// reason, without.
import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { need } from '../interop/check.mjs'
import { CPeer, within } from '../interop/udx_support.mjs'

const folder = import.meta.dirname ?? new URL('.', import.meta.url).pathname
const PREFIX = `ic${process.pid}-`
const PUBLIC = '10.77.0.'
const NODE_PORT = 49737
const NODES = [1, 2, 3, 4, 5, 6].map((n) => PUBLIC + n)
const MORE_NODES = [7, 8, 9, 10, 11, 12].map((n) => PUBLIC + n)
const BOOTSTRAP = `${NODES[0]}:${NODE_PORT}`
const ANSWER_MS = 60000 // longer than any punching: 1750 packets, 20 ms apart

export const KINDS = ['C', 'JS']

/** Who dials whom; the last is what the others are held against. */
export const MIXES = [['C', 'C'], ['C', 'JS'], ['JS', 'C'], ['JS', 'JS']]

export const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function lab (...args) {
  const env = { ...process.env, NETLAB_PREFIX: PREFIX }
  const done = spawnSync(`${folder}/netlab.sh`, args, { env, encoding: 'utf8', timeout: 60000 })
  if (done.status !== 0) throw new Error(`netlab.sh ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}

/** Another type of NAT, from now on; see netlab.sh. */
export function setNat (side, type) {
  lab('nat', side, type)
}

function skip (reason) {
  console.log(`skipped: ${reason}`)
  process.exit(77)
}

if (process.getuid() !== 0) skip('network namespaces need root')
await need('hyperdht')
try {
  lab('up')
} catch (error) {
  skip(error.message.trim())
}

/** A program in a namespace. */
export class LabPeer extends CPeer {
  static in (ns, program, args) {
    return LabPeer.run('ip', ['netns', 'exec', PREFIX + ns, program, ...args])
  }

  static node (ns, ...args) {
    return LabPeer.in(ns, process.execPath, [`${folder}/lab_node.mjs`, ...args])
  }

  /** A peer of the kind 'C' or 'JS'. */
  static async of (kind, ns, reach = 'firewalled') {
    const seed = randomBytes(32).toString('hex')
    const peer = kind === 'C'
      ? await LabPeer.in(ns, process.env.DHT_PEER, [BOOTSTRAP, '0.0.0.0', '0', seed])
      : await LabPeer.node(ns, 'peer', BOOTSTRAP, seed, reach)
    await peer.saw('ready')
    peer.kind = kind
    return peer
  }

  /** A swarm that may use a blind relay. */
  static async swarm (kind, ns, relayKey) {
    const [program, args] = kind === 'C'
      ? [process.env.SWARM_PEER, []]
      : [process.execPath, [`${folder}/../interop/swarm_js.mjs`, 'hyperswarm']]
    return LabPeer.in(ns, program, [...args, BOOTSTRAP, randomBytes(32).toString('hex'), '0.0.0.0', relayKey])
  }

  kill () {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    return this.gone
  }

  /** The first line that begins with one of these words, or what it has said instead. */
  either (...words) {
    const isOne = (line) => words.some((word) => line === word || line.startsWith(word + ' '))
    const found = new Promise((resolve) => {
      const ask = () => {
        const at = this.lines.findIndex(isOne)
        if (at >= 0) resolve(this.lines.splice(at, 1)[0])
        return at >= 0
      }
      if (!ask()) this.waiting.push(ask)
    })
    return within(ANSWER_MS, words.join(' or '), found).catch(() => `is silent; ${this.lines.join(', ')}`)
  }

  async listen () {
    this.tell('listen')
    return within(30000, 'listening', this.saw('listening'))
  }

  /** Dial, by 'connect' or 'hold'; milliseconds until the first echo, or what it says instead. */
  async dial (key, how = 'connect') {
    this.lines = []
    this.tell(`${how} ${key}`)
    const line = await this.either('echo', 'failed', 'hung-up')
    return line.startsWith('echo') ? Number(line.split(' ').at(-1)) : line
  }
}

/** The public side: six nodes in one process. */
export const nodes = await LabPeer.node('pub', 'nodes', NODES.join(','))
await nodes.saw('ready')
process.on('exit', () => lab('down'))
process.on('SIGTERM', () => process.exit(1))

/** Six more, in a process that may be killed. */
export async function moreNodes () {
  const more = await LabPeer.node('pub', 'more', MORE_NODES.join(','), BOOTSTRAP)
  await more.saw('ready')
  return more
}

/** A blind relay in the open. */
export async function startCarrier () {
  const carrier = await LabPeer.of('JS', 'open', 'open')
  carrier.tell('carry')
  carrier.key = await carrier.saw('carrying')
  return carrier
}

/** One peer of a kind in each of these places, which go when `body` is over. */
export async function withPeers (places, body) {
  const peers = await Promise.all(places.map(([kind, ns]) => LabPeer.of(kind, ns)))
  try {
    return await body(...peers)
  } finally {
    await Promise.all(peers.map((peer) => peer.kill()))
  }
}

/** Listen, do what happens meanwhile, connect; milliseconds, or what the client says instead. */
export function meet ({ client, server, from = 'peera', to = 'peerb', a, b, relay, meanwhile }) {
  if (a) setNat('A', a)
  if (b) setNat('B', b)
  return withPeers([[server, to], [client, from]], async (listener, dialer) => {
    const key = await listener.listen()
    if (meanwhile) await meanwhile()
    if (relay) dialer.tell(`relay ${await relay()}`)
    return dialer.dial(key)
  })
}

/** Every pair of places: name, and what meet() is given. */
export const PAIRS = {
  'consistent to consistent': { a: 'consistent', b: 'consistent' },
  'random to consistent': { a: 'random', b: 'consistent' },
  'consistent to random': { a: 'consistent', b: 'random' },
  'random to random': { a: 'random', b: 'random' },
  'two behind one NAT': { a: 'consistent', from: 'peera', to: 'peera2' },
  'open to consistent': { b: 'consistent', from: 'open' },
  'consistent to open': { a: 'consistent', to: 'open' },
  'random to open': { a: 'random', to: 'open' },
  'consistent to forwarded': { a: 'consistent', b: 'open' },
  'random to random through a blind relay': { a: 'random', b: 'random', relay },
  'random to consistent, with a blind relay meanwhile': { a: 'random', b: 'consistent', relay }
}

let carrier = null

/** The key of a blind relay in the open, begun when it is first needed. */
async function relay () {
  carrier ??= await startCarrier()
  return carrier.key
}

export async function finishLab () {
  await nodes.kill()
  if (carrier) await carrier.kill()
}
