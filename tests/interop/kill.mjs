// Nothing that a peer has confirmed is ever lost: a client adds entries over SC-Bridge, SIGKILL hits the peer at a
// random moment, and after the next start every confirmed entry is there, and nothing that nobody asked for.
//
//   node tests/interop/kill.mjs BUILD [ROUNDS] [SEED]      (docs/spec/16-ledger.md, sections 4.2 and 4.5)

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import path from 'node:path'

import { need, temporaryFolder } from './check.mjs'

const [{ default: WebSocket }] = await need('ws')
const build = process.argv[2] ?? process.env.TEST_BUILD
const rounds = Number(process.argv[3] ?? 100)
const seed = Number(process.argv[4] ?? Date.now() % 1e9)
const STORE_ROUNDS = 50 // then a new store, so that each start reads about as much
const AT_ONCE = 8 // requests on their way
const LATEST_MS = 60 // the kill comes so long after the first answer, at the latest
const PATIENCE_MS = 60_000

// Random numbers that come again with the same seed (mulberry32).
let state = seed
function random () {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

function within (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** A peer on a store; resolves when it listens. */
async function start (stores) {
  const child = spawn(path.join(build, 'cli/intercom-peer'), ['--peer-stores-directory', stores,
    '--sc-bridge', '1', '--sc-bridge-token', 'kill', '--sc-bridge-port', '0'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  let output = ''
  const url = await within(new Promise((resolve, reject) => {
    ended.then((how) => reject(new Error(`the peer ended with ${how}\n${output}`)))
    child.stdout.on('data', (data) => {
      output += data
      const found = /^SC-Bridge: (ws:\S+)$/m.exec(output)
      if (found) resolve(found[1])
    })
  }), 'a peer that listens')
  return { child, ended, url }
}

/** An authenticated client: `ask` resolves with the answer to its request, or never when the peer is killed. */
async function connect (url) {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const waiting = new Map()
  let lastId = 0
  socket.on('error', () => {}) // of a peer that was killed
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  await within(new Promise((resolve) => socket.once('open', resolve)), 'a connection')
  const ask = (message) => new Promise((resolve) => {
    waiting.set(++lastId, resolve)
    socket.send(JSON.stringify({ ...message, id: lastId }))
  })
  const answer = await within(ask({ type: 'auth', token: 'kill' }), 'auth_ok')
  assert.equal(answer.type, 'auth_ok')
  return { ask, socket }
}

/** Add entries without end; `confirmed` grows with each answer. */
function keepAdding (ask, room, confirmed) {
  let first
  const started = new Promise((resolve) => { first = resolve })
  let number = 0
  const addOne = async () => {
    const amount = String(1 + Math.floor(random() * 10000))
    const answer = await ask({ type: 'expense_add', channel: room, payer: 'alice', amount, split: 'alice,bob', note: `n${++number}` })
    assert.equal(answer.type, 'expense_added', JSON.stringify(answer))
    confirmed.set(answer.event.txId, JSON.stringify(answer.event))
    first()
    addOne()
  }
  for (let i = 0; i < AT_ONCE; i++) addOne()
  return started
}

/** The fingerprint of section 4.2: the sum of the ids, and how many there are. */
function fingerprint (ids) {
  const sum = ids.reduce((all, id) => all + BigInt('0x' + Buffer.from(id, 'hex').reverse().toString('hex')), 0n) % (1n << 256n)
  const bytes = Buffer.from(sum.toString(16).padStart(64, '0'), 'hex').reverse()
  const count = []
  let rest = ids.length
  do count.unshift((rest & 0x7f) | (count.length ? 0x80 : 0)); while ((rest = Math.floor(rest / 128)))
  return createHash('sha256').update(bytes).update(Buffer.from(count)).digest('hex').slice(0, 32)
}

/** What the peer lists is what was confirmed, and perhaps what was on its way. Returns what it lists. */
async function verify (ask, room, confirmed) {
  const list = await within(ask({ type: 'expense_list', channel: room }), 'the list')
  assert.equal(list.type, 'expense_list', JSON.stringify(list))
  const listed = new Map(list.events.map((event) => [event.txId, JSON.stringify(event)]))
  for (const [id, event] of confirmed) assert.equal(listed.get(id), event, `entry ${id} of ${room} is lost or changed`)
  assert.ok(listed.size - confirmed.size <= AT_ONCE, `${listed.size - confirmed.size} entries that nobody asked for`)
  assert.equal(list.fp, fingerprint([...listed.keys()]), `the fingerprint of ${room}`)
  return listed
}

const totals = { confirmed: 0, unheard: 0, roundMs: [], startMs: [] }
let stores
let past = [] // rooms of this store and what they listed

/** Verify all rooms of a store once more, on a peer that is stopped properly. */
async function closeStore () {
  const peer = await start(stores)
  const { ask, socket } = await connect(peer.url)
  for (const { room, listed } of past) {
    assert.deepEqual([...(await verify(ask, room, listed)).keys()].sort(), [...listed.keys()].sort(), room)
  }
  socket.terminate()
  peer.child.kill('SIGTERM')
  assert.equal(await within(peer.ended, 'the end of the peer'), 0)
  past = []
}

async function round (number) {
  const room = `room-${number}`
  const confirmed = new Map()
  const before = performance.now()
  let peer = await start(stores)
  totals.startMs.push(performance.now() - before)
  const writer = await connect(peer.url)
  await within(keepAdding(writer.ask, room, confirmed), 'the first answer')
  await new Promise((resolve) => setTimeout(resolve, random() * LATEST_MS))
  peer.child.kill('SIGKILL')
  assert.equal(await within(peer.ended, 'the kill'), 'SIGKILL')
  writer.socket.terminate()

  peer = await start(stores)
  const reader = await connect(peer.url)
  const listed = await verify(reader.ask, room, confirmed)
  peer.child.kill('SIGKILL') // a peer that has only just read is killed as well
  await within(peer.ended, 'the second kill')
  reader.socket.terminate()

  past.push({ room, listed })
  totals.confirmed += confirmed.size
  totals.unheard += listed.size - confirmed.size
  totals.roundMs.push(performance.now() - before)
}

function middle (times) {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)].toFixed(1)
}

console.log(`${rounds} rounds with seed ${seed}`)
for (let number = 1; number <= rounds; number++) {
  if (number % STORE_ROUNDS === 1) {
    if (stores) await closeStore()
    stores = temporaryFolder()
  }
  try {
    await round(number)
  } catch (error) {
    error.message = `round ${number}, seed ${seed}: ${error.message}`
    throw error
  }
}
await closeStore()
console.log(`${totals.confirmed} entries were confirmed and are all there; ${totals.unheard} more were stored and ` +
  'killed before their answer')
console.log(`a round takes ${middle(totals.roundMs)} ms, a start until the bridge listens ${middle(totals.startMs)} ms (medians)`)
process.exit(0)
