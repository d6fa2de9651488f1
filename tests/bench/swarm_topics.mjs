// Swarms on one private network of the reference's nodes, ours and the reference's in every pairing: milliseconds from
// the join of the second until it is connected to the first, and until eight that start together are a mesh.
// docs/spec/07-hyperswarm.md; a part of bench_swarm.mjs
import path from 'node:path'
import { generations, JsNetwork } from '../interop/dht_support.mjs'
import { gaps, stopAll, Swarm, topicOf, until } from '../interop/swarm_support.mjs'
import { within } from '../interop/udx_support.mjs'

const RUNS = Number(process.env.SWARM_RUNS ?? 200)
const MESHES = 3
const MESH_MS = 5000
const JS = 'hyperswarm'
const PAIRS = { js_js: [JS, JS], js_c: [JS, 'c'], c_js: ['c', JS], c_c: ['c', 'c'] }
const MOST = { js_c: 1.2, c_js: 1.2, c_c: 0.6 } // times what two of the reference's need

let program = ''
let seeds = 1
const newSeed = () => (seeds++).toString(16).padStart(64, '0')
let topics = 0
const newTopic = () => topicOf(0).slice(8) + (topics++).toString(16).padStart(8, '0')

const percentile = (times, p) => [...times].sort((a, b) => a - b)[Math.floor(times.length * p / 100)]

/** The second of them joins what the first has announced: its time, as it says. */
async function meet ([first, second]) {
  const topic = newTopic()
  await Promise.all([first, second].map((swarm) => swarm.renew(newSeed())))
  first.tell(`join ${topic}`)
  await first.saw('joined')
  second.tell(`join ${topic}`)
  const [key, , ms] = (await second.saw('connection')).split(' ')
  if (key !== first.key) throw new Error('connected to somebody else')
  await until(5000, 'the first hello', [first, second], () => !gaps([first, second]).length)
  return Number(ms)
}

async function topicTimes (network, figure) {
  const pairs = {}
  const times = {}
  for (const [name, kinds] of Object.entries(PAIRS)) {
    pairs[name] = await Promise.all(kinds.map((kind) => Swarm.start(kind, network.text, newSeed(), program)))
    await meet(pairs[name]) // the first time, code is loaded
    times[name] = []
  }
  for (let i = 0; i < RUNS; i++) {
    for (const name of Object.keys(PAIRS)) times[name].push(await meet(pairs[name]))
  }
  for (const swarms of Object.values(pairs)) await stopAll(swarms)
  const base = percentile(times.js_js, 50)
  for (const name of Object.keys(PAIRS)) {
    figure(`swarm_topic_${name}_p50`, percentile(times[name], 50), 'ms', MOST[name] && MOST[name] * base)
    figure(`swarm_topic_${name}_p99`, percentile(times[name], 99), 'ms')
  }
}

/** Eight join at once: the time until each pair with one of ours in it is connected, or a minute without. */
async function mesh (network, ours) {
  const kinds = Array.from({ length: 8 }, (_, i) => i < ours ? 'c' : JS)
  const swarms = await Promise.all(kinds.map((kind) => Swarm.start(kind, network.text, newSeed(), program)))
  const topic = newTopic()
  const counted = ([a, b]) => !ours || a.kind === 'c' || b.kind === 'c'
  const begun = performance.now()
  for (const swarm of swarms) swarm.tell(`join ${topic}`)
  await until(60000, 'a mesh', swarms, () => !gaps(swarms).some(counted)).catch(() => {})
  const ms = performance.now() - begun
  const theirs = gaps(swarms).length / 2
  await stopAll(swarms)
  return { ms, theirs }
}

async function meshTimes (network, figure) {
  for (const ours of [8, 4, 1]) {
    const runs = []
    for (let i = 0; i < MESHES; i++) runs.push(await mesh(network, ours))
    figure(`swarm_mesh_${ours}_of_ours_max`, Math.max(...runs.map(({ ms }) => ms)), 'ms', MESH_MS)
    figure(`swarm_mesh_${ours}_of_ours_left_apart`, Math.max(...runs.map(({ theirs }) => theirs)), 'pairs of theirs')
  }
}

/** All of it, each figure told as it comes: name, value, unit, limit. */
export async function topicBench (build, figure) {
  program = path.resolve(build, 'tests/interop/swarm_peer')
  const { newest } = await generations()
  const network = await within(20000, 'the network', JsNetwork.of(newest, 5))
  await topicTimes(network, figure)
  await meshTimes(network, figure)
  await network.close()
}
