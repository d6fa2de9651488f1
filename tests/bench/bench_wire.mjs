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
const ROUNDS = 5 // of messages, in turns: the fastest counts
const TIMES_FASTER = 4 // in messages
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

/** Small messages through a channel, of the reference and then of ours, which must be so many times faster. */
async function messages (build) {
  const fastest = {}
  for (let i = 0; i < ROUNDS * 2; i++) {
    const kind = i % 2 ? 'c' : 'js'
    const [sayer, hearer] = await play([kind, kind], build, ['say', 'hear'], MESSAGES)
    if (hearer.bytes !== MESSAGES * SAID) throw new Error(`${kind}: ${hearer.bytes} bytes of messages arrived`)
    if (!fastest[kind] || hearer.seconds < fastest[kind].hearer.seconds) fastest[kind] = { sayer, hearer }
  }
  let limit
  for (const kind of ['js', 'c']) {
    const name = `wire_${kind}_${kind}_messages`
    const { sayer, hearer } = fastest[kind]
    const rate = MESSAGES / hearer.seconds
    figure(name, rate, 'msg/s', limit)
    limit = TIMES_FASTER * rate
    figure(`${name}_say_cpu`, sayer.cpu * 1e9 / MESSAGES, 'ns/msg')
    figure(`${name}_hear_cpu`, hearer.cpu * 1e9 / MESSAGES, 'ns/msg')
  }
}

async function main (build) {
  const rates = {}
  for (const [from, to] of [['js', 'js'], ['js', 'c'], ['c', 'js'], ['c', 'c']]) {
    const name = `wire_${from}_${to}`
    const [writer, reader] = await play([from, to], build, ['write', 'read'], WRITES)
    const bytes = WRITES * LARGE
    if (reader.bytes !== bytes) throw new Error(`${name}: ${reader.bytes} of ${bytes} bytes arrived`)
    rates[name] = bytes / 1e6 / writer.seconds
    figure(name, rates[name], 'MB/s', name === 'wire_c_c' ? rates.wire_js_js : undefined)
    figure(`${name}_write_cpu`, writer.cpu * 1e9 / bytes, 'ns/B')
    figure(`${name}_read_cpu`, reader.cpu * 1e9 / bytes, 'ns/B')
    const [trips] = await play([from, to], build, ['ping', 'echo'], PINGS)
    figure(`${name}_echo_p50`, trips.p50, 'us')
    figure(`${name}_echo_p99`, trips.p99, 'us')
  }
  await messages(build)
}

await (process.argv[2] === 'peer' ? peer(process.argv[3], Number(process.argv[4])) : main(process.argv[2]))
