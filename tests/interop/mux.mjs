// The secret stream and Protomux against the JavaScript packages, in every role and pattern.
// docs/spec/03-secret-stream.md, docs/spec/04-protomux.md
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { Duplex, Transform } from 'node:stream'
import { once } from 'node:events'
import { check, finish, need } from './check.mjs'

const [{ default: SecretStream }, { default: Protomux }, { default: c }] =
  await need('@hyperswarm/secret-stream', 'protomux', 'compact-encoding')

const OUR_SEED = '21'.repeat(32)
const OURS = SecretStream.keyPair(Buffer.from(OUR_SEED, 'hex'))

/** A value that comes later, or an error when it does not. */
function later (what) {
  let resolve
  const promise = new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`no ${what} in 60 s`)), 60000)
    resolve = (value) => {
      clearTimeout(timer)
      done(value)
    }
  })
  promise.catch(() => {}) // whoever waits for it is told
  return { promise, resolve }
}

/** Passes bytes on in pieces of any size, now and then late. */
function chop (seed) {
  const luck = (most) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % most
  }
  return new Transform({
    transform (bytes, encoding, done) {
      for (let at = 0; at < bytes.length;) {
        const piece = 1 + luck(luck(4) ? 20000 : 5)
        this.push(bytes.subarray(at, at + piece))
        at += piece
      }
      if (luck(4)) done()
      else setTimeout(done, luck(4))
    }
  })
}

/** The C program as the other end of a stream; `seed` chops what is between. */
function connect ({ initiator, pattern, options = {}, seed = 0 }) {
  const keyPair = SecretStream.keyPair()
  const args = [initiator ? 'responder' : 'initiator', pattern, OUR_SEED]
  if (pattern === 'IK' && !initiator) args.push(keyPair.publicKey.toString('hex'))
  const child = spawn(process.env.MUX_PEER, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const writable = seed ? chop(seed) : child.stdin
  if (seed) writable.pipe(child.stdin)
  const raw = Duplex.from({ readable: seed ? child.stdout.pipe(chop(seed + 1)) : child.stdout, writable })
  const remote = pattern === 'IK' && initiator ? { remotePublicKey: OURS.publicKey } : {}
  const stream = new SecretStream(initiator, raw, { keyPair, pattern, ...remote, ...options })
  stream.on('error', () => {})
  return { child, stream, mux: new Protomux(stream), exited: once(child, 'exit') }
}

function openEcho (mux, protocol = 'echo') {
  const opened = later('channel')
  const closed = later('close')
  const got = []
  let waiting = null
  const take = (type) => ({
    encoding: type ? c.uint : c.buffer,
    onmessage: (m) => {
      got.push(m)
      if (waiting && got.length >= waiting.count) waiting.done.resolve(got.splice(0))
    }
  })
  const channel = mux.createChannel({
    protocol, handshake: c.string, onopen: opened.resolve, onclose: closed.resolve, messages: [take(0), take(1), take(1)]
  })
  channel.open('from JavaScript')
  const receive = (count) => {
    waiting = { count, done: later(`${count} messages`) }
    return waiting.done.promise
  }
  return { channel, opened: opened.promise, closed: closed.promise, receive }
}

async function session (setup) {
  const { stream, mux, exited } = connect(setup)
  const echo = openEcho(mux)
  assert.equal(await echo.opened, 'from C')
  assert.deepEqual(stream.remotePublicKey, OURS.publicKey)

  for (const size of [0, 1, 1000, 70000, 3000000]) {
    const data = Buffer.alloc(size, (i) => i)
    const back = echo.receive(1)
    echo.channel.messages[0].send(data)
    assert.deepEqual(Buffer.from((await back)[0]), data)
  }

  const batch = echo.receive(300)
  echo.channel.messages[1].send(300)
  assert.deepEqual(await batch, new Array(300).fill(300))

  const both = echo.receive(2)
  mux.cork()
  echo.channel.messages[0].send(Buffer.from('one'))
  echo.channel.messages[0].send(Buffer.from('two'))
  mux.uncork()
  assert.deepEqual((await both).map(String), ['one', 'two'])

  const other = openEcho(mux, 'on demand')
  assert.equal(await other.opened, 'from C')
  const nobody = openEcho(mux, 'nobody knows this')
  assert.equal(await nobody.closed, true)

  echo.channel.messages[2].send(1)
  assert.equal(await echo.closed, true)
  stream.end()
  assert.deepEqual(await exited, [0, null])
}

for (const pattern of ['XX', 'IK']) {
  for (const initiator of [true, false]) {
    for (const seed of [0, 1]) {
      check(`a session in which ${initiator ? 'JavaScript' : 'C'} begins (${pattern}${seed ? ', in pieces' : ''})`, () => session({ initiator, pattern, seed }))
    }
  }
}

check('keep-alives are swallowed on both ends', async () => {
  const { stream, mux, exited } = connect({ initiator: true, pattern: 'XX', options: { keepAlive: 20 } })
  const echo = openEcho(mux)
  await echo.opened
  await new Promise((resolve) => setTimeout(resolve, 200))
  const back = echo.receive(1)
  echo.channel.messages[0].send(Buffer.from('still here'))
  assert.equal(String((await back)[0]), 'still here')
  stream.end()
  assert.deepEqual(await exited, [0, null])
})

check('bytes that are no stream end the C side', async () => {
  const child = spawn(process.env.MUX_PEER, ['responder', 'XX', OUR_SEED], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  assert.deepEqual(await once(child, 'exit'), [3, null])
})

await finish()
