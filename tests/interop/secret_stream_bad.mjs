// An encrypted stream (intercom/stream.h) against @hyperswarm/secret-stream over udx-native, both versions, in both
// roles, through wires that lose, delay, reorder and double. docs/spec/03-secret-stream.md, docs/spec/02-udx.md
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { check, finish, until } from './check.mjs'
import { Wire, within } from './udx_support.mjs'
import { pair, VERSIONS } from './secret_stream_support.mjs'

const BAD = { loss: 0.03, reorder: 0.05, duplicate: 0.05, delay: 5, seed: 7 }
const LONG = 60000
const bytes = (count, length) => `${count} ${count * length}`

/** The reference may be gone before our end was acknowledged (it doesn't linger): only what was said counts. */
async function allSaid ({ c, js }, theirs, ours) {
  assert.equal(await c.saw('end', LONG), bytes(...theirs))
  await within(LONG, 'reading to the end', js.ended)
  assert.equal(js.messages, ours)
}

/** What they wrote fills every buffer: no write has come through for a second. */
async function standsStill (js) {
  for (let before = -1; js.sent !== before;) {
    before = js.sent
    await wait(1000)
  }
}

for (const version of Object.keys(VERSIONS)) {
  for (const initiator of [true, false]) {
    const setup = { initiator, pattern: initiator ? 'XX' : 'IK', version }
    const title = `${version}, ${initiator ? 'they' : 'we'} begin`

    check(`${title}: bulk in both directions, then both end`, async () => {
      const p = await pair(setup, { wire: BAD })
      p.c.tell('write 24 65536')
      p.c.tell('end')
      await p.js.write(24, 65536)
      p.js.stream.end()
      await allSaid(p, [24, 65536], 24)
      await p.stop()
    })

    check(`${title}: a wire that loses every tenth packet changes no byte`, async () => {
      const p = await pair(setup, { wire: { loss: 0.1, seed: 3 } })
      p.c.tell('write 200 500')
      p.c.tell('end')
      await p.js.write(200, 500)
      p.js.stream.end()
      await allSaid(p, [200, 500], 200)
      await p.stop()
    })

    check(`${title}: what is sent before the handshake arrives behind it`, async () => {
      const p = await pair(setup, { wire: BAD, before: (c) => c.tell('write 2000 37') })
      await p.js.write(2000, 41)
      p.js.stream.end()
      assert.equal(await p.c.saw('end', LONG), bytes(2000, 41))
      await p.js.got(2000, LONG)
      await p.stop()
    })

    check(`${title}: half a stream goes on after the other half has ended`, async () => {
      const { c, js, stop } = await pair(setup, { wire: BAD })
      js.stream.end()
      assert.equal(await c.saw('end', LONG), '0 0')
      c.tell('write 100 5000')
      c.tell('end')
      await within(LONG, 'the second half', js.ended)
      assert.equal(js.messages, 100)
      await stop()
      const other = await pair(setup, { wire: BAD })
      other.c.tell('end')
      await within(LONG, 'our end', other.js.ended)
      await other.js.write(100, 5000)
      other.js.stream.end()
      assert.equal(await other.c.saw('end', LONG), bytes(100, 5000))
      await other.stop()
    })

    // Nobody repeats a destroy: this wire may do everything but lose it. It holds the data up behind the first
    // message, so that no buffer of the kernel is full when the destroy comes.
    check(`${title}: a destroyed end is heard of by the other in the middle of a transfer`, async () => {
      const wire = { ...BAD, loss: 0, pass: (from, data) => !(data[2] & 1) || data.readUInt32LE(12) < 100 }
      const ours = await pair(setup, { wire })
      ours.c.tell('write 100 65536')
      await ours.js.got(1, LONG)
      ours.c.tell('destroy')
      assert.equal(await ours.c.saw('closed'), 'OK')
      await within(LONG, 'their close', ours.js.closed)
      assert.equal(ours.js.error.code, 'ECONNRESET')
      await ours.stop()
      const theirs = await pair(setup, { wire })
      await theirs.c.saw('open', LONG)
      theirs.js.write(100, 65536).catch(() => {})
      await wait(50)
      theirs.js.stream.destroy()
      assert.equal(await theirs.c.saw('closed', LONG), 'CLOSED')
      await theirs.stop()
    })

    check(`${title}: keep-alives cross and nobody sees them`, async () => {
      const { c, js, stop } = await pair(setup, { keepAlive: 50, wire: BAD })
      await c.saw('open', LONG)
      const stats = await until('five keep-alives each way', async () => {
        const now = await c.stats()
        return now.frames_out >= 5 && now.frames_in >= 5 && now
      })
      assert.equal(stats.messages + js.messages, 0)
      await js.write(1, 100)
      js.stream.end()
      assert.equal(await c.saw('end', LONG), '1 100')
      await stop()
    })

    check(`${title}: datagrams are whole or lost`, async () => {
      const { c, js, stop } = await pair(setup, { wire: BAD })
      await c.saw('open', LONG)
      await within(LONG, 'their opening', js.stream.opened)
      for (let i = 0; i < 40; i++) {
        c.tell(`datagram ${i} from C`)
        js.stream.trySend(Buffer.from(`${i} from JavaScript`))
        await wait(3)
      }
      const heard = () => c.lines.filter((line) => line.startsWith('datagram ')).map((line) => line.slice(9))
      await until('most datagrams', () => [js.datagrams, heard()].every((texts) => new Set(texts).size >= 25))
      for (const [texts, who] of [[js.datagrams, 'C'], [heard(), 'JavaScript']]) {
        for (const text of texts) assert.match(text, new RegExp(`^([0-9]|[1-3][0-9]) from ${who}$`))
      }
      await stop()
    })

    check(`${title}: packets that are too large for the wire are found out`, async () => {
      const largest = { a: 0, b: 0 }
      const p = await pair(setup, {
        wire: {
          ...BAD,
          pass: (from, data) => {
            const fits = data.length + 28 <= 1300
            if (fits) largest[from] = Math.max(largest[from], data.length + 28)
            return fits
          }
        }
      })
      p.c.tell('write 24 65536')
      p.c.tell('end')
      await p.js.write(24, 65536)
      p.js.stream.end()
      await allSaid(p, [24, 65536], 24)
      assert.ok(largest.a > 1200 && largest.b > 1200, JSON.stringify(largest))
      await p.stop()
    })

    check(`${title}: they move to another wire in the middle of a transfer`, async () => {
      const { c, js, stop } = await pair(setup, { wire: BAD })
      const other = await Wire.between(c.port, js.socket.address().port, { ...BAD, seed: 8 })
      await c.saw('open', LONG)
      c.tell('write 16 65536')
      const writing = js.write(24, 65536).then(() => js.stream.end())
      await wait(30)
      await within(LONG, 'their move', js.raw.changeRemote(js.socket, 7, other.portForB))
      assert.equal(await c.saw('end', LONG), bytes(24, 65536))
      await writing
      await js.got(16, LONG)
      await stop()
      other.close()
    })

    check(`${title}: a reader that pauses stops the writer, and goes on`, async () => {
      const { c, js, stop } = await pair(setup, { wire: { ...BAD, loss: 0.005 } })
      await c.saw('open', LONG)
      c.tell('pause')
      const writing = js.write(150, 65536).then(() => js.stream.end())
      await standsStill(js)
      c.tell('stats')
      assert.equal(JSON.parse(await c.saw('stats')).messages, 0)
      assert.ok(js.sent < 150, 'the writer was not stopped')
      c.tell('resume')
      assert.equal(await c.saw('end', LONG), bytes(150, 65536))
      await writing
      await stop()
    })

    // 1.19.2 sends nothing into a window below one packet, and does not ask about it either (spec 02, section 7).
    check(`${title}: the word that a reader goes on may be lost`, async () => {
      let lost = -1
      const pass = (from, data) => {
        const opens = lost >= 0 && lost < 2 && from === 'a' && data.readUInt32LE(8) > 1 << 20
        if (opens) lost++
        return !opens
      }
      const { c, js, stop } = await pair(setup, { wire: { pass } })
      await c.saw('open', LONG)
      c.tell('pause')
      const writing = js.write(150, 65536).then(() => js.stream.end())
      await standsStill(js)
      lost = 0
      c.tell('resume')
      assert.equal(await c.saw('end', LONG), bytes(150, 65536))
      assert.equal(lost, 2)
      await writing
      await stop()
    })

    // It does not stop us: the reference takes and keeps all that arrives (spec 02, section 7).
    check(`${title}: a reader of theirs that pauses misses nothing`, async () => {
      const { c, js, stop } = await pair(setup, { wire: BAD })
      await within(LONG, 'their opening', js.stream.opened)
      js.stream.pause()
      c.tell('write 32 65536')
      c.tell('end')
      await wait(300)
      assert.equal(js.messages, 0)
      js.stream.resume()
      await within(LONG, 'the rest', js.ended)
      assert.equal(js.messages, 32)
      await stop()
    })
  }
}

await finish()
