// One swarm with a thousand connections, that came in and that it dialled; and with a hundred topics, beside the
// reference's: what each of them costs. A part of bench_swarm.mjs; docs/spec/07-hyperswarm.md, sections 4 and 10.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Peer } from './bench_peer.mjs'

const CROWD = 1000
const NODES = 20 // that the crowd shares
const WAVE = 40 // dials of the crowd at a time
const TOPICS = 100
const MOST_KIB = 12 // of a connection, on either side
const TOPIC_KIB = 12
const TOPICS_MS = 2000
const JS_SWARM = fileURLToPath(new URL('../interop/swarm_js.mjs', import.meta.url))

const hex = () => randomBytes(32).toString('hex')

/** Memory that `body` takes of `peer`, in KiB a piece. */
async function grown (peer, pieces, body) {
  const before = peer.status('VmRSS')
  await body()
  return (peer.status('VmRSS') - before) / pieces
}

async function keyOf (swarm) {
  swarm.tell('key')
  const [key] = await swarm.saw('key')
  return key
}

async function incoming (swarm, program, bootstrap, figure) {
  swarm.tell(`join ${hex()} server`)
  await swarm.saw('joined')
  const crowd = new Peer(program('tests/bench/dht_crowd'), bootstrap, await keyOf(swarm), ...[CROWD, NODES, WAVE].map(String))
  await crowd.saw('ready')
  const ours = await grown(swarm, CROWD, async () => {
    crowd.tell('dial')
    const [ms, open] = (await crowd.saw('crowd')).map(Number)
    figure('swarm_incoming_1000', ms, 'ms')
    figure('swarm_incoming_1000_missing', CROWD - open, 'peers', 0)
  })
  figure('swarm_connection_incoming', ours, 'KiB', MOST_KIB)
  crowd.tell('close')
  await crowd.gone
}

async function outgoing (swarm, program, bootstrap, figure) {
  const hosts = new Peer(program('tests/bench/dht_hosts'), bootstrap, String(CROWD), String(NODES))
  const keys = []
  while (keys.length < CROWD) keys.push(...await hosts.saw('key'))
  await hosts.saw('ready')
  let theirs
  const ours = await grown(swarm, CROWD, async () => {
    const begun = performance.now()
    for (const key of keys) swarm.tell(`peer ${key}`)
    for (let open = 0; open < CROWD; open++) await swarm.saw('connection')
    figure('swarm_outgoing_1000', performance.now() - begun, 'ms')
    theirs = Number(await hosts.saw('all'))
  })
  figure('swarm_connection_outgoing', ours, 'KiB', MOST_KIB)
  figure('swarm_connection_outgoing_server', theirs, 'KiB', MOST_KIB)
  await hosts.stop()
}

/** Join them all: milliseconds until each is announced and looked up, and until a first connection. */
async function joinAll (swarm, list) {
  const begun = performance.now()
  const times = {}
  for (const topic of list) swarm.tell(`join ${topic}`)
  for (let joined = 0; joined < list.length;) {
    const line = await swarm.line()
    if (line.startsWith('joined')) joined++
    if (line.startsWith('connection')) times.met ??= performance.now() - begun
  }
  return { all: performance.now() - begun, ...times }
}

/** A hundred topics of one, then of another who meets it. */
async function topics (name, start, figure, limited) {
  const list = Array.from({ length: TOPICS }, hex)
  const swarms = [start(), start()]
  await Promise.all(swarms.map(keyOf))
  let times
  const kib = await grown(swarms[0], TOPICS, async () => { times = await joinAll(swarms[0], list) })
  figure(`swarm_100_topics_${name}`, times.all, 'ms', limited ? TOPICS_MS : undefined)
  figure(`swarm_topic_memory_${name}`, kib, 'KiB', limited ? TOPIC_KIB : undefined)
  const { met } = await joinAll(swarms[1], list)
  figure(`swarm_100_topics_met_${name}`, met, 'ms', limited ? TOPICS_MS : undefined)
  for (const swarm of swarms) await swarm.stop()
}

/** All of it, each figure told as it comes: name, value, unit, limit. */
export async function crowdBench (build, bootstrap, figure) {
  const program = (name) => path.resolve(build, name)
  const ours = () => new Peer(program('tests/interop/swarm_peer'), bootstrap, hex())
  const theirs = () => new Peer(process.execPath, JS_SWARM, 'hyperswarm', bootstrap, hex())
  for (const measure of [incoming, outgoing]) {
    const swarm = ours()
    await measure(swarm, program, bootstrap, figure)
    await swarm.stop()
  }
  await topics('js', theirs, figure, false)
  await topics('c', ours, figure, true)
}
