// Encrypted streams over UDX and loopback, a process each side, ours and the reference's in every pairing:
// megabytes a second in writes of 64 KiB, processor time of a byte on either side, round trips of 64 bytes;
// and messages of 200 bytes a second through a channel.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'

const LARGE = 65536
const SMALL = 64
const WRITES = 2048
const PINGS = 3000
const SAID = 200
const MESSAGES = 200000
const ROUNDS = 5 // of each pairing, in turns: the median counts
const PAIRS = [['js', 'js'], ['js', 'c'], ['c', 'js'], ['c', 'c']]
const TIMES_IN_BULK = 3 // faster than the reference
const TIMES_IN_MESSAGES = 4
const TIMES_SOONER = 4 // 99 % of the answers
const HERE = fileURLToPath(import.meta.url)

function figure (name, value, unit, atLeast) {
  const limit = atLeast === undefined ? {} : { limit: atLeast, ok: value >= atLeast }
  console.log(JSON.stringify({ figure: name, value: Number(value.toPrecision(6)), unit, ...limit }))
}

/** A channel that says count messages when told to, or is done when it has heard as many. */
function openChannel (require, stream, count, heard, done) {
  const Protomux = require('protomux')
  const c = require('compact-encoding')
  let left = count
  const onmessage = (data) => {
    heard(data)
    if (--left === 0) done()
  }
  const channel = new Protomux(stream).createChannel({ protocol: 'bench', messages: [{ encoding: c.raw, onmessage }] })
  channel.open()
  return async () => {
    const zeros = Buffer.alloc(SAID)
    for (let i = 0; i < count; i++) {
      if (!channel.messages[0].send(zeros)) await once(stream, 'drain')
    }
  }
}

/** What wire_peer does, in JavaScript. */
async function peer (role, count) {
  const require = createRequire(new URL('../interop/package.json', import.meta.url))
  const UDX = require('udx-native')
  const SecretStream = require('@hyperswarm/secret-stream')
  const first = ['write', 'ping', 'say'].includes(role)
  const socket = new UDX().createSocket()
  socket.bind(0, '127.0.0.1')
  const raw = socket.udx.createStream(first ? 1 : 2)
  console.log(socket.address().port)
  const [port] = await once(readline.createInterface({ input: process.stdin }), 'line')
  raw.connect(socket, first ? 2 : 1, Number(port), '127.0.0.1')
  const stream = new SecretStream(first, raw)
  const times = []
  let bytes = 0
  let sent = 0n
  let seconds = 0
  const ping = () => {
    if (times.length === count) return stream.end()
    sent = process.hrtime.bigint()
    stream.write(Buffer.alloc(SMALL))
  }
  const take = (data) => {
    bytes += data.length
    if (role === 'echo') stream.write(data)
    if (role !== 'ping') return
    times.push(Number(process.hrtime.bigint() - sent) / 1e3)
    ping()
  }
  let start = 0n
  const done = () => {
    seconds ||= Number(process.hrtime.bigint() - start) / 1e9
    stream.end()
  }
  const say = role === 'say' || role === 'hear' ? openChannel(require, stream, count, take, done) : null
  if (!say) stream.on('data', take)
  const closed = once(stream, 'close')
  await stream.opened
  start = process.hrtime.bigint()
  const used = process.cpuUsage()
  stream.on('end', done)
  if (role === 'say') await say()
  if (role === 'ping') ping()
  if (role === 'write') {
    for (let i = 0; i < count; i++) {
      if (!stream.write(Buffer.alloc(LARGE))) await once(stream, 'drain')
    }
    stream.end()
  }
  await closed
  const { user, system } = process.cpuUsage(used)
  times.sort((a, b) => a - b)
  const percentile = (p) => times[Math.floor(times.length * p / 100)] ?? 0
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, bytes, p50: percentile(50), p99: percentile(99) }))
  process.exit(0)
}

function start (kind, build, role, count) {
  const [program, args] = kind === 'c'
    ? [path.join(build, 'tests/bench/wire_peer'), [role, count]]
    : [process.execPath, [HERE, 'peer', role, count]]
  const child = spawn(program, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill(), 120000)
  child.on('exit', () => clearTimeout(timer))
  return { child, lines: readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function play (kinds, build, roles, count) {
  const ends = kinds.map((kind, i) => start(kind, build, roles[i], count))
  const ports = []
  for (const end of ends) ports.push((await end.lines.next()).value)
  ends[1].child.stdin.write(ports[0] + '\n')
  ends[0].child.stdin.write(ports[1] + '\n')
  const told = []
  for (const end of ends) {
    const { value } = await end.lines.next()
    if (!value) throw new Error(`${kinds.join('-')}: an end of ${roles.join(' and ')} gave up`)
    told.push(JSON.parse(value))
  }
  for (const end of ends) end.child.stdin.end()
  return told
}

function median (values) {
  const sorted = [...values].sort((x, y) => x - y)
  return sorted[Math.floor(sorted.length / 2)]
}

/** The same in turns, so that what else the machine does meets every pairing: the results of each. */
async function rounds (build, pairs, roles, count) {
  const results = Object.fromEntries(pairs.map((pair) => [pair.join('_'), []]))
  for (let i = 0; i < ROUNDS; i++) {
    for (const pair of pairs) results[pair.join('_')].push(await play(pair, build, roles, count))
  }
  return results
}

function check (name, got, expected) {
  if (got !== expected) throw new Error(`${name}: ${got} of ${expected} bytes arrived`)
}

async function bulk (build) {
  const bytes = WRITES * LARGE
  const rates = {}
  for (const [pair, results] of Object.entries(await rounds(build, PAIRS, ['write', 'read'], WRITES))) {
    const name = `wire_${pair}`
    for (const [, reader] of results) check(name, reader.bytes, bytes)
    rates[pair] = median(results.map(([writer]) => bytes / 1e6 / writer.seconds))
    figure(name, rates[pair], 'MB/s', pair === 'js_js' ? undefined : rates.js_js * (pair === 'c_c' ? TIMES_IN_BULK : 1))
    figure(`${name}_write_cpu`, median(results.map(([writer]) => writer.cpu)) * 1e9 / bytes, 'ns/B')
    figure(`${name}_read_cpu`, median(results.map(([, reader]) => reader.cpu)) * 1e9 / bytes, 'ns/B')
  }
}

async function echo (build) {
  const late = {}
  for (const [pair, results] of Object.entries(await rounds(build, PAIRS, ['ping', 'echo'], PINGS))) {
    late[pair] = median(results.map(([trips]) => trips.p99))
    figure(`wire_${pair}_echo_p50`, median(results.map(([trips]) => trips.p50)), 'us')
    figure(`wire_${pair}_echo_p99`, late[pair], 'us')
  }
  figure('wire_echo_p99_js_js_by_c_c', late.js_js / late.c_c, 'times', TIMES_SOONER)
}

/** Small messages through a channel. Ours must be so many times faster, also in processor time. */
async function messages (build) {
  const rates = {}
  const costs = {}
  const same = [['js', 'js'], ['c', 'c']]
  for (const [pair, results] of Object.entries(await rounds(build, same, ['say', 'hear'], MESSAGES))) {
    const name = `wire_${pair}_messages`
    for (const [, hearer] of results) check(name, hearer.bytes, MESSAGES * SAID)
    rates[pair] = median(results.map(([, hearer]) => MESSAGES / hearer.seconds))
    costs[pair] = median(results.map(([sayer, hearer]) => sayer.cpu + hearer.cpu))
    figure(name, rates[pair], 'msg/s', pair === 'c_c' ? TIMES_IN_MESSAGES * rates.js_js : undefined)
    figure(`${name}_say_cpu`, median(results.map(([sayer]) => sayer.cpu)) * 1e9 / MESSAGES, 'ns/msg')
    figure(`${name}_hear_cpu`, median(results.map(([, hearer]) => hearer.cpu)) * 1e9 / MESSAGES, 'ns/msg')
  }
  figure('wire_messages_cpu_js_js_by_c_c', costs.js_js / costs.c_c, 'times', TIMES_IN_MESSAGES)
}

async function main (build) {
  await bulk(build)
  await echo(build)
  await messages(build)
}

await (process.argv[2] === 'peer' ? peer(process.argv[3], Number(process.argv[4])) : main(process.argv[2]))
