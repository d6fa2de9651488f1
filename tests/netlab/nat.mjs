// Two peers behind every pair of NATs, made of network namespaces: C on both sides, C and JavaScript each way.
// Needs root, iproute2, nftables and the packages of tests/interop; ends with 77, and the reason, without.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { check as register, finish, need } from '../interop/check.mjs'
import { CPeer, within } from '../interop/udx_support.mjs'

const folder = import.meta.dirname ?? new URL('.', import.meta.url).pathname
const PREFIX = `ic${process.pid}-`
const PUBLIC = '10.77.0.'
const NODES = [1, 2, 3, 4, 5, 6].map((n) => PUBLIC + n)
const BOOTSTRAP = `${NODES[0]}:49737`

const only = new RegExp(process.env.NETLAB_ONLY ?? '')
const check = (name, body) => only.test(name) && register(name, body)

function lab (...args) {
  const env = { ...process.env, NETLAB_PREFIX: PREFIX }
  const done = spawnSync(`${folder}/netlab.sh`, args, { env, encoding: 'utf8', timeout: 60000 })
  if (done.status !== 0) throw new Error(`netlab.sh ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
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
class LabPeer extends CPeer {
  static in (ns, program, args) {
    return LabPeer.run('ip', ['netns', 'exec', PREFIX + ns, program, ...args])
  }

  /** A peer of the kind 'C' or 'JS'. */
  static async of (kind, ns, reach = 'firewalled') {
    const seed = randomBytes(32).toString('hex')
    const peer = kind === 'C'
      ? await LabPeer.in(ns, process.env.DHT_PEER, [BOOTSTRAP, '0.0.0.0', '0', seed])
      : await LabPeer.in(ns, process.execPath, [`${folder}/lab_node.mjs`, 'peer', BOOTSTRAP, seed, reach])
    await peer.saw('ready')
    return peer
  }

  kill () {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    return this.gone
  }

  /** The first line that begins with one of these words. */
  either (...words) {
    return within(60000, words.join(' or '), Promise.any(words.map(async (word) =>
      `${word} ${await this.saw(word, 59000)}`)))
  }
}

/** The public side: six nodes in one process. */
async function startNodes () {
  const nodes = await LabPeer.in('pub', process.execPath, [`${folder}/lab_node.mjs`, 'nodes', NODES.join(',')])
  await nodes.saw('ready')
  return nodes
}

const nodes = await startNodes()
process.on('exit', () => lab('down'))
process.on('SIGTERM', () => process.exit(1))

/** Listen, do what happens meanwhile, connect; [milliseconds] or the error. */
async function meet ({ client, server, from = 'peera', to = 'peerb', a, b, relay, meanwhile }) {
  if (a) lab('nat', 'A', a)
  if (b) lab('nat', 'B', b)
  const peers = await Promise.all([LabPeer.of(server, to), LabPeer.of(client, from)])
  try {
    peers[0].tell('listen')
    const key = await within(30000, 'listening', peers[0].saw('listening'))
    if (meanwhile) await meanwhile()
    if (relay) peers[1].tell(`relay ${await relay()}`)
    peers[1].tell(`connect ${key}`)
    const line = await peers[1].either('echo', 'failed')
    if (line.startsWith('failed')) return line
    return Number(line.split(' ').at(-1))
  } finally {
    await Promise.all(peers.map((peer) => peer.kill()))
  }
}

const MIXES = [['C', 'C'], ['C', 'JS'], ['JS', 'C']]
if (process.env.NETLAB_BASELINE) MIXES.push(['JS', 'JS'])

function pair (name, options, body) {
  for (const [client, server] of MIXES) {
    check(`${name}: ${client} to ${server}`, async () => {
      const got = await meet({ client, server, ...options })
      console.log(`        ${typeof got === 'number' ? `${got.toFixed(0)} ms` : got}`)
      await body(got)
    })
  }
}

const connects = (got) => assert.equal(typeof got, 'number', `it ${got}`)
const fails = (pattern) => (got) => assert.match(String(got), pattern)

pair('consistent to consistent', { a: 'consistent', b: 'consistent' }, connects)
pair('random to consistent', { a: 'random', b: 'consistent' }, connects)
pair('consistent to random', { a: 'consistent', b: 'random' }, connects)
pair('random to random', { a: 'random', b: 'random' }, fails(/HOLEPUNCH|ABORTED/))
pair('two behind one NAT', { a: 'consistent', from: 'peera', to: 'peera2' }, connects)
pair('open to consistent', { b: 'consistent', from: 'open' }, connects)
pair('consistent to open', { a: 'consistent', to: 'open' }, connects)
pair('random to open', { a: 'random', to: 'open' }, connects)
pair('consistent to forwarded', { a: 'consistent', b: 'open' }, connects)

let carrier = null

/** The key of a blind relay in the open, begun when it is first needed. */
async function relay () {
  if (!carrier) {
    carrier = await LabPeer.of('JS', 'open', 'open')
    carrier.tell('carry')
    carrier.key = await carrier.saw('carrying')
  }
  return carrier.key
}

pair('random to random through a blind relay', { a: 'random', b: 'random', relay }, connects)
pair('random to consistent, with a blind relay meanwhile', { a: 'random', b: 'consistent', relay }, connects)

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// The reference keeps its old address at its nodes for up to five minutes (field lesson 13): only ours heals.
for (const client of ['C', 'JS']) {
  check(`a C server whose NAT has restarted is reached again: ${client} to C`, async () => {
    const meanwhile = async () => {
      lab('nat', 'B', 'moved')
      await later(10000)
    }
    const got = await meet({ client, server: 'C', a: 'consistent', b: 'consistent', meanwhile })
    console.log(`        ${got} ms`)
    connects(got)
  })
}

check('a client behind a blocked NAT is told that nobody was found', async () => {
  lab('nat', 'A', 'consistent')
  lab('nat', 'B', 'consistent')
  const server = await LabPeer.of('C', 'peerb')
  const client = await LabPeer.of('C', 'peera')
  server.tell('listen')
  const key = await server.saw('listening')
  lab('nat', 'A', 'block')
  client.tell(`connect ${key}`)
  assert.match(await client.either('echo', 'failed'), /^failed/)
  await Promise.all([server.kill(), client.kill()])
})

check('the nodes are still there', async () => {
  assert.equal(nodes.child.exitCode, null)
  await nodes.kill()
  if (carrier) await carrier.kill()
})

await finish()
