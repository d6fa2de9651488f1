// Connections by key on a private DHT of loopback, ours and the reference's in every pairing, a process each side;
// a thousand peers that dial one server at once; what a connection and a node at rest cost; a swarm of a thousand
// connections, one of a hundred topics; peers that meet by topic.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Peer } from './bench_peer.mjs'
import { crowdBench } from './swarm_crowd.mjs'
import { topicBench } from './swarm_topics.mjs'

const RUNS = 200
const CROWD = 1000
// Nodes that the crowd shares, dials at a time: all at once for speed, few to see what a connection costs, not a dial.
const AT_ONCE = [250, CROWD]
const BY_AND_BY = [20, 40]
const REST_S = 20
const TICKS_A_SECOND = 100
const [build = 'build-test/programs'] = process.argv.slice(2)
const program = (name) => path.resolve(build, name)
const HERE = path.dirname(fileURLToPath(import.meta.url))

function figure (name, value, unit, atMost) {
  const limit = atMost === undefined ? {} : { limit: Number(atMost.toPrecision(4)), ok: value <= atMost }
  console.log(JSON.stringify({ figure: name, value: Number(value.toPrecision(4)), unit, ...limit }))
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

const ours = (bootstrap, mode = 1) =>
  new Peer(program('tests/interop/dht_peer'), bootstrap, '127.0.0.1', String(mode), randomBytes(32).toString('hex'))
const theirs = (bootstrap) =>
  new Peer(process.execPath, path.join(HERE, 'swarm_js_peer.mjs'), bootstrap, randomBytes(32).toString('hex'))

/** A network of four of our nodes; its list of bootstrap nodes. */
async function network () {
  const nodes = []
  let bootstrap = ''
  for (let port = 47000; nodes.length < 4; port++) {
    const args = ['dht-node', '--host', '127.0.0.1', '--port', String(port), '--status', '0', '--json']
    const node = new Peer(program('cli/intercom-admin'), ...args, ...(bootstrap ? ['--bootstrap', bootstrap] : []))
    if (await node.line() === null) continue // the port is taken
    nodes.push(node)
    bootstrap ||= `127.0.0.1:${port}`
  }
  return { nodes, bootstrap }
}

/** Milliseconds from the dial to the open stream, and to the answer of the first message. */
async function dial (client, key) {
  client.tell(`connect ${key}`)
  const opened = Number((await client.saw('opened')).at(-1))
  const answered = Number((await client.saw('echo')).at(-1))
  await client.saw('hung-up')
  return { opened, answered }
}

async function server (make, bootstrap) {
  const peer = make(bootstrap)
  peer.tell('listen')
  const [key] = await peer.saw('listening')
  return { peer, key }
}

async function connections (bootstrap) {
  const servers = { c: await server(ours, bootstrap), js: await server(theirs, bootstrap) }
  const clients = { c: ours(bootstrap), js: theirs(bootstrap) }
  await clients.c.saw('ready')
  const [joinedJs] = await clients.js.saw('ready')
  const pairs = ['js_js', 'js_c', 'c_js', 'c_c'].map((name) => ({ name, opened: [], answered: [] }))
  for (let run = 0; run < RUNS; run++) {
    for (const { name, opened, answered } of pairs) { // in turns, so that all see the same machine
      const [from, to] = name.split('_')
      const times = await dial(clients[from], servers[to].key)
      opened.push(times.opened)
      answered.push(times.answered)
    }
  }
  const [js] = pairs.map(({ opened }) => median(opened))
  const most = { js_js: undefined, js_c: 1.2 * js, c_js: 1.2 * js, c_c: 0.6 * js }
  for (const { name, opened, answered } of pairs) {
    figure(`dht_connect_${name}`, median(opened), 'ms', most[name])
    figure(`dht_connect_${name}_answer`, median(answered), 'ms')
  }
  figure('dht_joined_js', Number(joinedJs), 'ms')
  for (const peer of [servers.c.peer, servers.js.peer, clients.c, clients.js]) await peer.stop()
}

async function crowd (bootstrap, [nodes, wave], tell) {
  const { peer, key } = await server(ours, bootstrap)
  const many = new Peer(program('tests/bench/dht_crowd'), bootstrap, key, String(CROWD), String(nodes), String(wave))
  const [joined] = await many.saw('ready')
  const before = peer.status('VmRSS')
  many.tell('dial')
  const [ms, open, kib] = (await many.saw('crowd')).map(Number)
  tell({ joined: Number(joined), ms, missing: CROWD - open, client: kib, server: (peer.status('VmRSS') - before) / CROWD })
  many.tell('close')
  await many.gone
  await peer.stop()
}

async function atRest (node) {
  await wait(2000)
  const before = node.ticks()
  await wait(REST_S * 1000)
  figure('dht_node_rest_cpu', (node.ticks() - before) / TICKS_A_SECOND / REST_S * 100, '%', 0.1)
  figure('dht_node_resident', node.status('VmRSS') / 1024, 'MiB', 5)
}

const { nodes, bootstrap } = await network()
await connections(bootstrap)
await crowd(bootstrap, AT_ONCE, ({ joined, ms, missing }) => {
  figure('dht_joined_c', joined, 'ms', 10)
  figure('dht_crowd_1000', ms, 'ms', 2000)
  figure('dht_crowd_1000_missing', missing, 'peers', 0)
})
await crowd(bootstrap, BY_AND_BY, ({ client, server }) => {
  figure('dht_connection_client', client, 'KiB', 12)
  figure('dht_connection_server', server, 'KiB', 12)
})
await crowdBench(build, bootstrap, figure)
await atRest(nodes[1])
for (const node of nodes.reverse()) node.child.kill('SIGINT')
await topicBench(build, figure)
process.exit(0)
